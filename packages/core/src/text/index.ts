/**
 * Texts to tokens and back. Whoever reads no text loads nothing of it.
 * @module text
 */

export { type GgufMetadata, ggufTokenizer } from './ggufTokenizer.ts';
export { TextError, TextTokenizer, type TokenizerSource } from './tokenizer.ts';
