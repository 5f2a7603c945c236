/**
 * Training on a GPU, for whoever asks for it: nothing else of the library loads this. Node finds its GPUs in nodeGpu.ts.
 * @module gpu
 */

import { findGpu, type Gpu, GpuError } from './gpu/adapter.ts';

export { findGpu, type Gpu, GpuError, type GpuInfo, isSoftware } from './gpu/adapter.ts';
export { gpuPool, gpuPools, testGpu } from './gpu/gpuPool.ts';
export { refusalOf as gpuRefusal } from './gpu/refusal.ts';
export { type EnsembleRun, shapeOf, trainEnsemble } from './gpu/trainEnsemble.ts';
export type { GpuAdapter, GpuAdapterInfo, GpuDevice } from './gpu/webgpuTypes.ts';

/**
 * The GPU of a browser, in a page or a worker: hardware, or with `software` whatever the browser has. Rejects with a GpuError
 * that says what there is instead.
 */
export async function openBrowserGpu({ software = false }: { readonly software?: boolean } = {}): Promise<Gpu> {
  const { gpu } = globalThis.navigator as Partial<Navigator>;
  if (gpu === undefined) throw new GpuError('This browser has no WebGPU.');
  return findGpu(() => gpu.requestAdapter({ powerPreference: 'high-performance' }), { asked: software });
}
