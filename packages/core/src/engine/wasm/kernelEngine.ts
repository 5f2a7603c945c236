// The engine over compiled kernels. Nothing is checked here: threads are started with what has been checked already.
import type { Engine } from '../engine.ts';
import { Arena, type Memory } from '../tensor.ts';
import { createKernelMemory, instantiateKernels, type KernelBuild, type Kernels, MAXIMUM_PAGES } from './kernels.ts';
import { NO_KERNELS, WasmModelOps } from './wasmModelOps.ts';
import { WasmOptimizerOps } from './wasmOptimizerOps.ts';

/** Kernels that are compiled already, as a worker receives them. */
export interface CompiledKernels {
  readonly module: WebAssembly.Module;
  readonly backend: KernelBuild;
  readonly shared: boolean;
  /** Pages of 64 KiB that a memory may grow to; 65,536 (4 GiB) unless given. */
  readonly maximumPages?: number;
}

export function kernelEngine(options: CompiledKernels): Engine {
  const { module, backend, shared, maximumPages = MAXIMUM_PAGES } = options;
  const instances = new WeakMap<Memory, Kernels>(); // one for each memory: instantiating takes longer than a small run
  const kernelsOver = (memory: Memory): Kernels => {
    const kernels = instances.get(memory) ?? instantiateKernels(module, memory as WebAssembly.Memory);
    instances.set(memory, kernels);
    return kernels;
  };
  return {
    backend,
    wasm: { module, shared },
    helpers: null,
    memory: { floatBytes: 4, limit: maximumPages * 65536 },
    createArena: () => new Arena(createKernelMemory(shared, maximumPages), 4, undefined, maximumPages * 65536),
    opsFor: (sizes, extent, arena) =>
      new WasmModelOps(arena.isMeasuring ? NO_KERNELS : kernelsOver(arena.memory), { sizes, extent, arena }),
    optimizerFor: (arena) => new WasmOptimizerOps(arena.isMeasuring ? NO_KERNELS : kernelsOver(arena.memory)),
  };
}
