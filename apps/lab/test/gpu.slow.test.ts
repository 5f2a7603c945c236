// Training on the GPU in a worker of a page: Chromium with `--enable-unsafe-webgpu` has SwiftShader where there is no GPU.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseExperiment, referenceEngine } from '@induction-lab/core/node';
import { openGpu, trainEnsemble } from '@induction-lab/core/node-gpu';
import { build } from 'vite';
import { expect, test } from 'vitest';
import type { GpuAnswer } from './gpuWorker.ts';
import { launch } from './support.ts';

const json = {
  name: 'tiny',
  model: { nLayers: 2, nHeads: 2, dModel: 12, dHead: 4, nCtx: 13, dVocab: 8, positions: 'rotary', normalization: 'LN' },
  task: { kind: 'varied', periods: [3, 5] },
  training: { steps: 6, batch: 4, learningRate: 0.01 },
};
const SEEDS = [1, 2];

/** The worker as one file, as a page would load it. */
async function bundled(): Promise<string> {
  const entry = fileURLToPath(new URL('gpuWorker.ts', import.meta.url));
  const output = await build({
    ...{ configFile: false, logLevel: 'error' },
    build: { write: false, minify: false, lib: { entry, formats: ['es'], fileName: 'gpuWorker' } },
  });
  const [{ output: chunks }] = output as unknown as [{ output: { code: string }[] }];
  return chunks[0]!.code;
}

test('a worker of Chromium trains an ensemble, loses its device, goes on, and has the bits of the same driver under Node', async (context) => {
  const code = await bundled();
  const server = createServer((request, response) => {
    const script = request.url === '/worker.js';
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
    response.end(script ? code : '<!doctype html><title>gpu</title>');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const browser = await launch('--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader');
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const answer = await page.evaluate(
      (order) =>
        new Promise<GpuAnswer>((resolve) => {
          const worker = new Worker('/worker.js', { type: 'module' });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => resolve({ error: message });
          worker.postMessage(order);
        }),
      { json, seeds: SEEDS },
    );
    if (answer.error?.startsWith('There is no GPU')) return context.skip('no adapter with --enable-unsafe-webgpu');
    expect(answer.error).toBeUndefined();
    expect(answer.adapter).toMatch(/swiftshader/i);
    expect(answer.steps).toEqual([1, 2, 3, 4, 5, 6]);
    const gpu = await openGpu({ name: 'swiftshader' }).catch(() => null);
    if (gpu === null) return;
    const experiment = parseExperiment(json);
    const want = await trainEnsemble(
      gpu,
      SEEDS.map((seed) => ({ engine: referenceEngine, experiment, seed })),
    );
    want.forEach((result, i) => {
      if (result.status === 'rejected') throw result.reason;
      for (const [name, { data }] of Object.entries(result.value.weights))
        expect(answer.weights![i]![name], name).toEqual(Array.from(data));
    });
  } finally {
    await browser.close();
    server.close();
  }
});
