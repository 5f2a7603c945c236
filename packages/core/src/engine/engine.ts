// An engine is a backend with its memory rules: where tensors live and who computes on them.
import { compileKernels, createKernelMemory, instantiateKernels, type KernelBuild, type Kernels } from './kernels.ts';
import type { AttentionShape, Ops } from './ops.ts';
import { ReferenceOps } from './referenceOps.ts';
import { Arena, type Memory } from './tensor.ts';
import { WasmOps } from './wasmOps.ts';

/** Which arithmetic ran: recorded with every result. */
export type Backend = KernelBuild | 'reference';

export interface Engine {
  readonly backend: Backend;
  /** An arena over fresh memory. */
  createArena(): Arena;
  /** Operations over that arena's memory, with scratch space in it. `widest`: longest padded row or column of a weight. */
  createOps(arena: Arena, attention: AttentionShape, widest: number): Ops;
  /** What worker threads need to join in on the same memory; null for the reference, which has one thread. */
  readonly wasm: { readonly module: WebAssembly.Module; readonly shared: boolean } | null;
}

/**
 * The kernels' engine. `bytes` is the .wasm file of `backend`; without `shared` memory there is one thread. A memory grows
 * to at most `maximumPages` of 64 KiB (2 GiB unless given); browsers on phones do not reserve as much.
 */
export async function createWasmEngine(options: {
  bytes: Uint8Array<ArrayBuffer>;
  backend: KernelBuild;
  shared: boolean;
  maximumPages?: number;
}): Promise<Engine> {
  const { bytes, ...rest } = options;
  return wasmEngine({ module: await compileKernels(bytes, rest.shared), ...rest });
}

/** The same from a module that is compiled already, as a worker receives it. */
export function wasmEngine(options: {
  module: WebAssembly.Module;
  backend: KernelBuild;
  shared: boolean;
  maximumPages?: number;
}): Engine {
  const { module, backend, shared, maximumPages } = options;
  const instances = new WeakMap<Memory, Kernels>(); // one for each memory: instantiating takes longer than a small run
  const kernelsOver = (memory: Memory): Kernels => {
    const kernels = instances.get(memory) ?? instantiateKernels(module, memory as WebAssembly.Memory);
    instances.set(memory, kernels);
    return kernels;
  };
  return {
    backend,
    wasm: { module, shared },
    createArena: () => new Arena(createKernelMemory(shared, maximumPages)),
    createOps: (arena, attention, widest) => new WasmOps(kernelsOver(arena.memory), arena, attention, widest),
  };
}

/** float64 loops in TypeScript: slow, exact, kept to check everything else against. */
export const referenceEngine: Engine = {
  backend: 'reference',
  wasm: null,
  createArena: () => new Arena(plainMemory(), 8),
  createOps: (arena, attention) => new ReferenceOps(arena, attention),
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
      const larger = new ArrayBuffer(Math.max(buffer.byteLength + pages * 65536, buffer.byteLength * 2));
      new Uint8Array(larger).set(new Uint8Array(buffer));
      buffer = larger;
      return before;
    },
  };
}
