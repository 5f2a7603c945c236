// Training on the GPU in a worker of a page: Chromium with `--enable-unsafe-webgpu` has SwiftShader where there is no GPU.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  decodeCheckpoint,
  loadEngine,
  type NamedWeights,
  parseExperiment,
  referenceEngine,
} from '@induction-lab/core/node';
import { openGpu, trainEnsemble } from '@induction-lab/core/node-gpu';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readLink } from '../src/link.ts';
import { experimentOf } from '../src/setting.ts';
import type { GpuAnswer } from './gpuWorker.ts';
import { statesOf } from './states.ts';
import { launch, numberIn, openPage, type Served, serve, untilStep, untilStill } from './support.ts';

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

/** A run of a few seconds on a software adapter. */
const TINY = 'preset=literal-1-layer&seed=3&heads=2&batch=8';

describe('in the page', () => {
  let browser: Browser;
  let served: Served;
  beforeAll(async () => {
    [browser, served] = await Promise.all([
      launch('--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'),
      serve(),
    ]);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  /**
   * The page, with a script that its workers run before they fetch what trains on a GPU; with `software` the address lets the
   * page take a software adapter.
   */
  async function opened({ software = true, before = '' } = {}): Promise<{ page: Page; errors: string[] }> {
    return openPage(browser, `${served.url}${software ? '?gpu=software' : ''}#${TINY}`, {
      serviceWorkers: 'block',
      before: async (page) => {
        await page.route('**/onGpu-*.js', async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, body: `${before};${await response.text()}` });
        });
      },
    });
  }

  const trainOnGpu = (page: Page): Promise<void> =>
    page.getByRole('button', { name: 'Train literal-1-layer, seed 3, on the GPU' }).click();

  async function savedWeights(page: Page): Promise<NamedWeights> {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-checkpoint').click()]);
    return decodeCheckpoint(new Uint8Array(readFileSync(await download.path())), 'saved').weights;
  }

  test('a run trains on the adapter that the page names, to the weights of the CPU but for rounding; no link is promised', async () => {
    const { page, errors } = await opened();
    await trainOnGpu(page);
    await untilStep(page, 3, 120_000);
    expect(await page.getByTestId('threads').innerText()).toMatch(/^begun on the GPU .*swiftshader/i);
    await page.getByText('The same training, not the same bits').first().waitFor();
    await page.getByTestId('play').click();
    await untilStill(page);
    const step = await numberIn(page, 'step');
    const copy = page.getByTestId('copy-link');
    expect(await copy.isDisabled()).toBe(true);
    expect(await copy.getAttribute('title')).toMatch(
      /^No link leads here: it was trained on the GPU .*to other bits\.$/,
    );
    await page.waitForFunction(() => location.hash === '');
    const got = await savedWeights(page);
    const { setting } = readLink(TINY).state;
    const engine = await loadEngine({ exact: true });
    const experiment = parseExperiment(experimentOf(setting));
    const want = (await statesOf(engine, experiment, { seed: setting.seed, steps: [step] })).get(step) as NamedWeights;
    for (const [name, { data }] of Object.entries(want)) {
      const far = Math.max(...Array.from(data, (x, i) => Math.abs(x - (got[name]!.data[i] as number))));
      expect(far, `${name} after ${step} steps`).toBeLessThan(1e-3);
    }
    expect(errors).toEqual([]);
    await page.context().close();
  }, 240_000);
});
