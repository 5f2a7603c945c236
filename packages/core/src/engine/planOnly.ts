// What takes the space that the kernels' engine would, of no memory: for plans that are only measured.
import type { Engine } from './engine.ts';
import { LARGEST_MEMORY } from './tensor.ts';
import { NO_KERNELS, WasmModelOps } from './wasm/wasmModelOps.ts';

export const planOnly: Pick<Engine, 'memory' | 'opsFor'> = {
  memory: { floatBytes: 4, limit: LARGEST_MEMORY },
  opsFor: (sizes, extent, arena) => new WasmModelOps(NO_KERNELS, { sizes, extent, arena }),
};
