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
  async function opened({ software = true, before = '', link = TINY } = {}): Promise<{ page: Page; errors: string[] }> {
    return openPage(browser, `${served.url}${software ? '?gpu=software' : ''}#${link}`, {
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

  test('a software adapter is taken only where the address says so: else it is said, and the CPU trains', async () => {
    const { page, errors } = await opened({ software: false });
    await trainOnGpu(page);
    await page
      .getByText(/The GPU is not used: There is no GPU but .*swiftshader.*only used by name\. The CPU trains\./i)
      .waitFor();
    await untilStep(page, 3);
    expect(await page.getByTestId('threads').innerText()).toMatch(/shared memory/);
    await page.getByTestId('play').click();
    await untilStill(page);
    await page.waitForFunction(() => location.hash.includes('preset=literal-1-layer'));
    expect(errors).toEqual([]);
    await page.context().close();
  }, 120_000);

  test('a driver that gives no gradients is found out, and the CPU trains', async () => {
    const { page } = await opened({ before: 'GPUComputePassEncoder.prototype.dispatchWorkgroups = () => {}' });
    await trainOnGpu(page);
    await page
      .getByText(/The GPU is not used: The GPU computes wrong gradients: .* The CPU trains\./)
      .waitFor({ timeout: 60_000 });
    await untilStep(page, 3);
    expect(await page.getByTestId('threads').innerText()).toMatch(/shared memory/);
    await page.context().close();
  }, 120_000);

  /** Keeps the devices that a worker opens, so that they can be lost. */
  const KEEPING = `const request = GPUAdapter.prototype.requestDevice;
    self.devices = [];
    GPUAdapter.prototype.requestDevice = async function (wanted) {
      if (self.noMore) throw new Error('it was unplugged');
      self.devices.push(await request.call(this, wanted));
      return self.devices.at(-1);
    }`;

  /** Takes the GPU away from the worker that has it; `forGood` gives none back. */
  async function lose(page: Page, { forGood }: { forGood: boolean }): Promise<void> {
    const lost = page.workers().map((worker) =>
      worker.evaluate((none) => {
        const all = self as unknown as { devices?: { destroy(): void }[]; noMore?: boolean };
        all.noMore = none;
        all.devices?.at(-1)?.destroy();
        return all.devices !== undefined;
      }, forGood),
    );
    expect(await Promise.all(lost)).toContain(true);
  }

  test('a GPU that is lost is opened again; one that does not come back leaves the run to the CPU, which is said', async () => {
    const { page } = await opened({ before: KEEPING });
    await trainOnGpu(page);
    await untilStep(page, 3, 60_000);
    await lose(page, { forGood: false });
    await untilStep(page, (await numberIn(page, 'step')) + 8, 60_000);
    expect(await page.getByTestId('notice').innerText()).toBe('');
    await lose(page, { forGood: true });
    await page
      .getByText(/The GPU .* was lost .* and does not come back: .*it was unplugged.* the CPU goes on from step \d+\./)
      .waitFor({ timeout: 60_000 });
    await untilStep(page, (await numberIn(page, 'step')) + 20, 60_000);
    // The curve has each step once, and the kept states are of one run.
    await page.getByTestId('play').click();
    await untilStill(page);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-metrics').click()]);
    const steps = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { step: number }).step);
    expect(steps).toEqual(Array.from({ length: await numberIn(page, 'step') }, (_, i) => i + 1));
    await page.context().close();
  }, 240_000);

  test('the wall’s seeds are one ensemble on the GPU; where it is lost for good the CPU goes on with all of them', async () => {
    const { page } = await opened({ before: KEEPING, link: TINY.replace('batch=8', 'batch=2') });
    await page.getByTestId('wall-until').fill('400');
    await page.getByLabel('on the GPU').check();
    await page.getByTestId('wall-begin').click();
    await page
      .getByTestId('wall-about')
      .getByText(/seeds 3 to 10, step \d+ of 400, on the GPU .*swiftshader/i)
      .waitFor({ timeout: 120_000 });
    const slowest = async (): Promise<number> =>
      Number(/step (\d+) of/.exec(await page.getByTestId('wall-about').innerText())?.[1]);
    await expect.poll(slowest, { timeout: 120_000 }).toBeGreaterThan(2);
    await lose(page, { forGood: true });
    await page.getByText(/does not come back: .* the CPU goes on from step \d+\./).waitFor({ timeout: 60_000 });
    const lost = await slowest();
    await expect.poll(slowest, { timeout: 120_000 }).toBeGreaterThan(lost + 4);
    expect(await page.locator('.seed-tile .complaint').count()).toBe(0);
    await page.getByTestId('wall-pause').click();
    await page.getByRole('button', { name: 'Open seed 5 on the bench' }).click();
    await page.getByText(/^begun on the GPU .*swiftshader/i).waitFor();
    await page.context().close();
  }, 400_000);
});
