/**
 * Named streams of random draws, with the same bits in every engine.
 * @module random
 */

export { RandomStream } from './randomStream.ts';
export { STREAMS } from './streams.ts';
