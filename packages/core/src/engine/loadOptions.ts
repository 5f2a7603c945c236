import type { KernelBuild } from './wasm/kernels.ts';

/** How an engine is loaded, under Node and in a browser alike. */
export interface LoadOptions {
  /** The plain-SIMD build, which gives the same bits on every machine. */
  readonly exact?: boolean;
  /** Memory that training threads can share. */
  readonly shared?: boolean;
  /** Threads among which the forward passes of analyses are divided, the calling one included: 1. */
  readonly threads?: number;
  /** Where a bundler has put the kernels of a build. */
  readonly wasmUrl?: (build: KernelBuild) => string | URL;
  /** Where a bundler has put the helpers' script (nodeHelper.js, browserHelper.js). */
  readonly helperUrl?: string | URL;
}
