// The library under Node: kernels from files, worker threads, models in files. Everything of the browser-safe entry is here too.
export * from './index.ts';
export { CONVERSIONS, type Conversion, type PreparedConversion, prepareConversion } from './nodeConvert.ts';
export { loadData } from './nodeData.ts';
export { loadEngine } from './nodeEngine.ts';
export { loadModel, type SaveOptions, saveModel } from './nodeModels.ts';
export { fileSource } from './nodeSource.ts';
export { startWorkers } from './nodeThreads.ts';
export { loadTokenizer, tokenizerOf } from './nodeTokenizer.ts';
export type { TextTokenizer, TokenizerSource } from './text/tokenizer.ts';
