// The library under Node: kernels from files, worker threads, models in files. Everything of the browser-safe entry is here too.
export type { LoadOptions } from './engine/loadOptions.ts';
export * from './index.ts';
export { decodeHuggingFace, type ModelFile } from './model/formats/huggingFace/huggingFace.ts';
export { loadData } from './nodeData.ts';
export { loadEngine } from './nodeEngine.ts';
export { writeWhole } from './nodeFiles.ts';
export { type HuggingFaceFolder, openHuggingFaceFolder } from './nodeHuggingFace.ts';
export { loadModel, type SaveOptions, saveModel } from './nodeModels.ts';
export { startWorkers } from './nodeThreads.ts';
export { loadTokenizer, tokenizerBeside } from './nodeTokenizer.ts';
export { type GgufMetadata, ggufTokenizer } from './text/ggufTokenizer.ts';
export type { TextTokenizer, TokenizerSource } from './text/tokenizer.ts';
