/**
 * Engines: who computes. `loadEngine` is where its platform is, in node and browser.
 * @module engine
 */

export { type Backend, createWasmEngine, type Engine, referenceEngine } from './engine.ts';
export type { Floats } from './floats.ts';
export { KERNELS_VERSION } from './kernelsVersion.ts';
export type { LoadOptions } from './loadOptions.ts';
export type { Integers, Tensor } from './tensor.ts';
