// The library under Node: kernels from files, worker threads. Everything of the browser-safe entry is here too.
import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { checkLoadOptions } from './engine/checkEngine.ts';
import { createWasmEngine, type Engine } from './engine/engine.ts';
import { bestBuild, type KernelBuild } from './engine/wasm/kernels.ts';

export * from './index.ts';
export { loadData } from './nodeData.ts';
export { startWorkers } from './nodeThreads.ts';

/**
 * The kernels' engine under Node. `exact` asks for the plain-SIMD build, which gives the same bits on every machine;
 * otherwise the fastest build that this Node runs (Node 20 has relaxed SIMD behind a flag, which is set here).
 */
export async function loadEngine(options: { exact?: boolean; shared?: boolean } = {}): Promise<Engine> {
  checkLoadOptions(options);
  const { exact = false, shared = true } = options;
  if (!exact && bestBuild() === 'simd') setFlagsFromString('--experimental-wasm-relaxed-simd');
  const backend: KernelBuild = exact ? 'simd' : bestBuild();
  const bytes = new Uint8Array(await readFile(new URL(`../dist/kernels/${backend}.wasm`, import.meta.url)));
  return createWasmEngine({ bytes, backend, shared });
}
