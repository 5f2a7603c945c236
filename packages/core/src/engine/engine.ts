// An engine is a backend with its memory rules: where tensors live and who computes on them.
import * as z from 'zod/mini';
import { checkArgument } from '../errors/arguments.ts';
import type { Helpers } from './helpers.ts';
import type { Extent, ModelOps, ModelSizes } from './modelOps.ts';
import type { OptimizerOps } from './optimizerOps.ts';
import { ReferenceModelOps } from './reference/referenceModelOps.ts';
import { ReferenceOptimizerOps } from './reference/referenceOptimizerOps.ts';
import { Arena, LARGEST_MEMORY, type Memory } from './tensor.ts';
import { type CompiledKernels, kernelEngine } from './wasm/kernelEngine.ts';
import { compileKernels, INITIAL_PAGES, type KernelBuild, MAXIMUM_PAGES } from './wasm/kernels.ts';

/** Which arithmetic ran: recorded with every result. */
export type Backend = KernelBuild | 'reference';

/** Kernels and their memory: what a model computes with. `loadEngine` of the Node or browser entry makes one. */
export interface Engine {
  readonly backend: Backend;
  /** Bytes of one float, and bytes that the memory of one model may grow to. */
  readonly memory: { readonly floatBytes: 4 | 8; readonly limit: number };
  /**
   * An arena over fresh memory.
   * @returns An empty arena.
   */
  createArena(): Arena;
  /**
   * The operations of a model of those sizes on that many sequences, with scratch space in the arena; over a measuring
   * arena they only take their space. The one place where operations are made.
   * @param sizes The model's sizes.
   * @param extent How many sequences, of how many tokens.
   * @param arena The memory in which scratch space is taken.
   * @returns The operations, over that memory.
   */
  opsFor(sizes: ModelSizes, extent: Extent, arena: Arena): ModelOps;
  /**
   * The operations of an optimiser over that arena's memory.
   * @param arena The memory in which weights, gradients and moments lie.
   * @returns The operations, over that memory.
   */
  optimizerFor(arena: Arena): OptimizerOps;
  /** Threads among which forward passes are divided; null for the calling thread alone. */
  readonly helpers: Helpers | null;
  /** What worker threads need to join in on the same memory; null for the reference, which has one thread. */
  readonly wasm: { readonly module: WebAssembly.Module; readonly shared: boolean } | null;
}

const ENGINE_OPTIONS = {
  backend: z.enum(['relaxed', 'simd']),
  shared: z.boolean(),
  maximumPages: z.optional(z.int().check(z.minimum(INITIAL_PAGES), z.maximum(MAXIMUM_PAGES))),
};
const FromBytes = z.strictObject({ bytes: z.instanceof(Uint8Array), ...ENGINE_OPTIONS });
const FromModule = z.strictObject({ module: z.instanceof(WebAssembly.Module), ...ENGINE_OPTIONS });

/**
 * The kernels' engine. `bytes` is the .wasm file of `backend`; without `shared` memory there is one thread. A memory grows
 * to at most `maximumPages` of 64 KiB (4 GiB unless given, where WebAssembly's addresses end); browsers on phones do not reserve as much.
 * @throws an Error where the bytes are no kernels or the memory cannot be had.
 */
export async function createWasmEngine(options: {
  bytes: Uint8Array<ArrayBuffer>;
  backend: KernelBuild;
  shared: boolean;
  maximumPages?: number;
}): Promise<Engine> {
  checkArgument('createWasmEngine', 'options', FromBytes, options);
  const { bytes, ...rest } = options;
  return wasmEngine({ module: await compileKernels(bytes, rest.shared), ...rest });
}

/** The same from a module that is compiled already. */
export function wasmEngine(options: CompiledKernels): Engine {
  checkArgument('wasmEngine', 'options', FromModule, options);
  return kernelEngine(options);
}

/** float64 loops in TypeScript: slow, exact, kept to check everything else against. */
export const referenceEngine: Engine = {
  backend: 'reference',
  wasm: null,
  helpers: null,
  memory: { floatBytes: 8, limit: LARGEST_MEMORY },
  createArena: () => new Arena(plainMemory(), 8),
  opsFor: (sizes, extent) => new ReferenceModelOps(sizes, extent),
  optimizerFor: (arena) => new ReferenceOptimizerOps(arena),
};

/** A memory of ordinary bytes that moves when it grows. */
function plainMemory(): Memory {
  let buffer = new ArrayBuffer(1 << 20);
  return {
    get buffer(): ArrayBuffer {
      return buffer;
    },
    grow(pages: number): number {
      const before = buffer.byteLength / 65536;
      const needed = buffer.byteLength + pages * 65536;
      const larger = new ArrayBuffer(Math.max(needed, Math.min(buffer.byteLength * 2, LARGEST_MEMORY)));
      new Uint8Array(larger).set(new Uint8Array(buffer));
      buffer = larger;
      return before;
    },
  };
}
