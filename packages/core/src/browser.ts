// The library in a browser, inside a worker: kernels from a URL beside this file, worker threads where memory can be
// shared. Everything of the browser-safe entry is here too. A bundler finds the kernels and the worker by their URLs.

import { startHelpers } from './browserHelpers.ts';
import { checkLoadOptions } from './engine/checkEngine.ts';
import { createWasmEngine, type Engine } from './engine/engine.ts';
import type { LoadOptions } from './engine/loadOptions.ts';
import { bestBuild, compileKernels, type KernelBuild } from './engine/wasm/kernels.ts';

export { serveTrainingThread } from './browserThread.ts';
export { startWorkers } from './browserThreads.ts';
export * from './index.ts';

/** Pages of 64 KiB that a model's memory may grow to: a phone's browser does not reserve what a server does. */
const MAXIMUM_PAGES = 4096;

const SIMD_URL = new URL('../dist/kernels/simd.wasm', import.meta.url);
const RELAXED_URL = new URL('../dist/kernels/relaxed.wasm', import.meta.url);

/**
 * The kernels' engine in a browser. `exact` asks for the plain-SIMD build, which gives the same bits on every machine;
 * otherwise the fastest build that this browser runs. `shared` memory, for threads, needs cross-origin isolation: it is
 * the default exactly where the page has it. Without it a model has one thread whatever `threads` says, and the engine no
 * helpers. Throws an Error when the kernels cannot be fetched.
 */
export async function loadEngine(options: LoadOptions = {}): Promise<Engine> {
  checkLoadOptions(options);
  const isolated = globalThis.crossOriginIsolated === true;
  const { exact = false, shared = isolated, threads = 1 } = options;
  const backend: KernelBuild = exact ? 'simd' : bestBuild();
  const url = options.wasmUrl?.(backend) ?? (backend === 'simd' ? SIMD_URL : RELAXED_URL);
  const response = await fetch(url).catch((error: Error) => error);
  if (response instanceof Error || !response.ok) {
    const why = response instanceof Error ? response.message : response.status;
    throw new Error(`loadEngine: the kernels could not be fetched (${why}); reload the page.`);
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  const engine = await createWasmEngine({ bytes, backend, shared, maximumPages: MAXIMUM_PAGES });
  if (threads === 1 || !isolated) return engine;
  const module = await compileKernels(bytes, false);
  return { ...engine, helpers: await startHelpers(threads - 1, { module, backend }, options.helperUrl) };
}
