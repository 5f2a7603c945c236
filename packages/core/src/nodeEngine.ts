// The kernels under Node: read from files, and helpers in worker threads.
import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { checkLoadOptions } from './engine/checkEngine.ts';
import { createWasmEngine, type Engine } from './engine/engine.ts';
import { kernelsAt, type LoadOptions, loadedBuild } from './engine/loadOptions.ts';
import { bestBuild, compileKernels } from './engine/wasm/kernels.ts';
import { startHelpers } from './nodeHelpers.ts';
import { scriptUrl } from './nodeScript.ts';

/**
 * The kernels' engine under Node. `exact` asks for the plain-SIMD build, which gives the same bits on every machine;
 * otherwise the fastest build that this Node runs (Node 20 has relaxed SIMD behind a flag, which is set here). With
 * `threads` above 1, forward passes of a model are divided among so many by sequence: the same bits, sooner.
 * @throws an ArgumentError for an option that cannot be meant, an Error where the kernels cannot be had.
 * @example
 * ```ts
 * import { loadEngine } from '@induction-lab/core/node';
 *
 * const engine = await loadEngine(); // the fastest build, one thread
 * const same = await loadEngine({ exact: true }); // the same bits on every machine
 * console.log(engine.backend, same.backend);
 * ```
 */
export async function loadEngine(options: LoadOptions = {}): Promise<Engine> {
  checkLoadOptions(options);
  const { exact = false, shared = true, threads = 1 } = options;
  if (!exact && bestBuild() === 'simd') setFlagsFromString('--experimental-wasm-relaxed-simd');
  const { url, build } = kernelsAt(options, (ours) => new URL(`../dist/kernels/${ours}.wasm`, import.meta.url));
  const bytes = await readFile(url).catch((error: Error) => error);
  if (bytes instanceof Error)
    throw new Error(
      `loadEngine: the kernels could not be read (${bytes.message}); ${options.wasmUrl ? 'correct wasmUrl' : 'run "npm run build"'}.`,
    );
  const backend = loadedBuild(bytes, build, options);
  const engine = await createWasmEngine({ bytes: new Uint8Array(bytes), backend, shared });
  if (threads === 1) return engine;
  // Compiled code lies in dist, also when this file runs from src. A helper has a memory that nobody shares.
  const entry = scriptUrl(
    'loadEngine',
    'helperUrl',
    options.helperUrl ?? new URL('../dist/nodeHelper.js', import.meta.url),
  );
  const module = await compileKernels(new Uint8Array(bytes), false);
  return { ...engine, helpers: await startHelpers(threads - 1, { module, backend }, entry) };
}
