// The same, of what needs Node.

export { type WritePiece, writeWhole, writeWholeInPieces } from './nodeFiles.ts';
export { configBeside, type HuggingFaceFolder, openHuggingFaceFolder } from './nodeHuggingFace.ts';
export { checkMemory } from './nodeMemory.ts';
