/**
 * Model files: safetensors, TransformerLens's checkpoints, models of the Hugging Face hub, GGUF.
 * @module formats
 */

export { type ByteSource, sourceOf } from './byteSource.ts';
export { type Checkpoint, type CheckpointOptions, decodeCheckpoint, openCheckpoint } from './checkpoint.ts';
export { encodeCheckpoint } from './encodeCheckpoint.ts';
export { type ConfigWords, type FileFormatCode, FileFormatError } from './fileFormatError.ts';
export { type GgufHeader, type GgufTensor, isGguf, readGgufHeader } from './gguf/ggufHeader.ts';
export type { GgufValue } from './gguf/ggufReader.ts';
export { openHuggingFace } from './huggingFace/huggingFace.ts';
export { type OpenedModel, readInto } from './openedModel.ts';
export { decodeSafetensors, encodeSafetensors, type SafetensorsFile, type StoredTensor } from './safetensors.ts';
export { toTransformerLensConfig } from './transformerLensConfig.ts';
