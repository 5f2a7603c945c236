/**
 * GPUs under Node, by Dawn in the npm package `webgpu`, which is loaded when a GPU is asked for and may be missing.
 * @module node-gpu
 */

import { listed } from './errors/names.ts';
import { printable, quoted, shortened } from './errors/printable.ts';
import { findGpu, type Gpu, GpuError } from './gpu/adapter.ts';

export * from './gpu.ts';

/** What of the package is used. */
interface Dawn {
  create(options: readonly string[]): GPU;
}

/** A GPU of this machine: hardware, or the adapter of which `name` is a part of the name. Rejects with a GpuError. */
export async function openGpu(options: { readonly name?: string } = {}): Promise<Gpu> {
  const packageName = 'webgpu'; // which types need not know
  const dawn = (await import(packageName).catch((error: Error) => error)) as Dawn | Error;
  if (dawn instanceof Error)
    throw new GpuError(
      (dawn as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
        ? 'The npm package webgpu, which brings WebGPU to Node, is not installed (npm install webgpu).'
        : `The npm package webgpu cannot be loaded (${shortened(printable(dawn.message), 200)}).`,
    );
  const { name: wanted } = options;
  if (wanted === undefined) return findGpu(adapterOf(dawn, []));
  const names = await namesOf(dawn);
  const found = names.find((own) => own.toLowerCase().includes(wanted.toLowerCase()));
  if (found === undefined)
    throw new GpuError(
      `There is no GPU by the name of ${quoted(wanted)}; ${names.length === 0 ? 'WebGPU finds none here' : `there is ${listed(names.map((own) => printable(own)))}`}.`,
    );
  return findGpu(adapterOf(dawn, [`adapter=${found}`]), { asked: true });
}

/** Asks Dawn, which is kept as long as what it gave. */
function adapterOf(dawn: Dawn, options: readonly string[]): () => Promise<GPUAdapter | null> {
  const gpu = dawn.create(options);
  return () => gpu.requestAdapter({ powerPreference: 'high-performance' });
}

/** The adapters that there are: Dawn tells their names where it finds none by the name that it was given. */
async function namesOf(dawn: Dawn): Promise<string[]> {
  try {
    await adapterOf(dawn, ['adapter=\u0000 none by this name'])();
    return [];
  } catch (error) {
    return Array.from((error as Error).message.matchAll(/name: '([^']*)'/g), ([, own]) => own!);
  }
}
