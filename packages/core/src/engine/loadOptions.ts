import { ArgumentError } from '../errors/argumentError.ts';
import { bestBuild, buildOf, type KernelBuild } from './wasm/kernels.ts';

/** How an engine is loaded, under Node and in a browser alike. */
export interface LoadOptions {
  /** The plain-SIMD build, which gives the same bits on every machine. */
  readonly exact?: boolean;
  /** Memory that training threads can share. */
  readonly shared?: boolean;
  /** Threads among which the forward passes of analyses are divided, the calling one included: 1. */
  readonly threads?: number;
  /**
   * Where a bundler has put the kernels: the address of one file, whichever build it is, or a function that gives the address
   * of the build that would be best here.
   */
  readonly wasmUrl?: string | URL | ((build: KernelBuild) => string | URL);
  /** Where a bundler has put the helpers' script (nodeHelper.js, browserHelper.js). */
  readonly helperUrl?: string | URL;
}

/** Where kernels lie for these options, and which build is there: null for an address that was given whatever the build. */
export function kernelsAt(
  { exact = false, wasmUrl }: LoadOptions,
  ours: (build: KernelBuild) => URL,
): { readonly url: string | URL; readonly build: KernelBuild | null } {
  if (typeof wasmUrl === 'string' || wasmUrl instanceof URL) return { url: wasmUrl, build: null };
  const build = exact ? 'simd' : bestBuild();
  return { url: wasmUrl?.(build) ?? ours(build), build };
}

/** The build of kernels that were loaded. Throws an ArgumentError where `exact` was asked for and they are not. */
export function loadedBuild(bytes: Uint8Array, build: KernelBuild | null, { exact = false }: LoadOptions): KernelBuild {
  const found = build ?? buildOf(bytes);
  if (exact && found !== 'simd')
    throw new ArgumentError(
      'loadEngine: options.wasmUrl names the build with fused multiply-add, which is not exact; give the address of simd.wasm, or leave out exact.',
    );
  return found;
}
