// What takes the space that the kernels' engine would, of no memory: for plans that are only measured.
import type { AttentionShape, Ops } from './ops.ts';
import { type Arena, LARGEST_MEMORY } from './tensor.ts';
import { NO_KERNELS, WasmOps } from './wasm/wasmOps.ts';

export const planOnly: {
  readonly memory: { readonly floatBytes: 4; readonly limit: number };
  createOps(arena: Arena, attention: AttentionShape, widest: number): Ops;
} = {
  memory: { floatBytes: 4, limit: LARGEST_MEMORY },
  createOps: (arena, attention, widest) => new WasmOps(NO_KERNELS, arena, attention, widest),
};
