/**
 * What is found in a model, and how sure that is. Each room has an entry of its own, too.
 * @module circuits
 */

export * from './attention/index.ts';
export * from './causal/index.ts';
export * from './claims/index.ts';
export * from './data/index.ts';
export * from './language/index.ts';
export { analysedLength, longestPeriod, TooSmallError } from './lengths.ts';
export * from './map/index.ts';
export type { OnProgress } from './progress.ts';
export * from './statistics/index.ts';
export * from './weights/index.ts';
