// The library under Node: kernels from files, worker threads, models in files. Everything of the browser-safe entry is here too.
export type { LoadOptions } from './engine/loadOptions.ts';
export * from './index.ts';
export { type ByteSource, sourceOf } from './model/formats/byteSource.ts';
export { type GgufHeader, type GgufTensor, isGguf, readGgufHeader } from './model/formats/gguf/ggufHeader.ts';
export type { GgufValue } from './model/formats/gguf/ggufReader.ts';
export { openHuggingFace } from './model/formats/huggingFace/huggingFace.ts';
export { type OpenedModel, readInto, withContext } from './model/formats/openedModel.ts';
export { CONVERSIONS, type Conversion, type PreparedConversion, prepareConversion } from './nodeConvert.ts';
export { loadData } from './nodeData.ts';
export { loadEngine } from './nodeEngine.ts';
export { writeWhole } from './nodeFiles.ts';
export { type HuggingFaceFolder, openHuggingFaceFolder } from './nodeHuggingFace.ts';
export { loadModel, type SaveOptions, saveModel } from './nodeModels.ts';
export { fileSource } from './nodeSource.ts';
export { startWorkers } from './nodeThreads.ts';
