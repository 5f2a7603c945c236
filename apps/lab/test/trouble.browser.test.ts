// What can go wrong: each time a clear message, and the bench goes on.
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { decodeCheckpoint, encodeCheckpoint, Model, modelConfig } from '@induction-lab/core';
import { loadEngine } from '@induction-lab/core/node';
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  fingerprintAt,
  fingerprintOf,
  numberIn,
  openPage,
  type Served,
  serve,
  site,
  siteInBrowser,
  untilStep,
  untilStill,
  visit,
} from './support.ts';

const { browser, served } = await siteInBrowser();
let plain: Served;
let folder: string;
/** One page for most of it: whatever went wrong before, the next link opens. Each test has a seed, and so a run, of its own. */
let page: Page;
let errors: string[];

beforeAll(async () => {
  plain = await serve({ plain: true });
  folder = await mkdtemp(join(tmpdir(), 'lab-'));
  ({ page, errors } = await openPage(browser, `${served.url}#preset=two-heads&seed=1`));
}, 120_000);
afterEach(() => {
  expect(errors.splice(0)).toEqual([]);
});
afterAll(async () => {
  await plain?.close();
  await rm(folder, { recursive: true, force: true });
});

const openKnobs = (page: Page): Promise<void> =>
  page.locator('details.knobs').evaluate((knobs) => {
    (knobs as HTMLDetailsElement).open = true;
  });

/** The bench goes on: one more step can be trained. */
async function goesOn(page: Page): Promise<void> {
  const before = await numberIn(page, 'step');
  await page.getByRole('button', { name: 'One step' }).click();
  await untilStep(page, before + 1);
}

test('a link with impossible values names them and opens with the rest', async () => {
  await visit(page, 'preset=varied&seed=-4&step=2&layers=99&period=11&off=banana&cut=z');
  await untilStep(page, 2);
  const notice = await page.getByTestId('notice').innerText();
  for (const part of ['seed is "-4"', 'layers is "99"', 'off is "banana"', 'cut is "z"'])
    expect(notice).toContain(part);
  await page.getByText('probe’s period 11').waitFor();
  await goesOn(page);
});

test('an impossible experiment says why and leaves the run alone', async () => {
  await visit(page, 'preset=varied&seed=2&step=2');
  await untilStep(page, 2);
  await openKnobs(page);
  await page.getByLabel('shortest period').fill('30');
  await page.getByLabel('shortest period').press('Enter');
  await page.getByText(/Not possible: the range of periods runs from 30 down to 25/).waitFor();
  expect(await numberIn(page, 'step')).toBe(2);
  expect(await page.getByLabel('shortest period').inputValue()).toBe('10'); // what is on the bench, not what was refused
  await goesOn(page);
});

test('a refused experiment leaves what is looked at', async () => {
  await visit(page, 'preset=two-heads&seed=16&step=16');
  await fingerprintAt(page, 16);
  await page.getByTestId('timeline').fill('2');
  const early = await fingerprintOf(page, 2);
  await openKnobs(page);
  await page.getByLabel('shortest period').fill('40');
  await page.getByLabel('shortest period').press('Enter');
  await page.getByText(/Not possible/).waitFor();
  await page.waitForTimeout(300); // nothing else may come to be shown
  expect(await page.locator('.fingerprint').innerText()).toBe(early);
});

test('links whose runs cannot be say so, and there is a bench all the same', async () => {
  const { page } = await openPage(browser, `${served.url}#preset=varied&shortest=30&longest=20`);
  await page.getByText(/This link asks for what is not possible: .*30 down to 20/).waitFor();
  await page.locator('.tile').first().waitFor();
  await goesOn(page);
  await page.evaluate(() => {
    location.hash = `preset=two-heads&seed=4&step=3&beside=${encodeURIComponent('preset=varied&shortest=30&longest=20')}`;
  });
  await page.getByText(/The run beside was left out: .*30 down to 20/).waitFor();
  await untilStep(page, 3);
  await goesOn(page);
  await page.context().close();
});

/** A checkpoint of a model whose weights are all 0. */
async function checkpointOf(sizes: { nCtx: number; dVocab: number }): Promise<Buffer> {
  const more = { nLayers: 2, nHeads: 2, dModel: 16, dHead: 8, positions: 'standard', normalization: 'LN' } as const;
  const model = new Model(await loadEngine(), modelConfig({ ...more, ...sizes }));
  return Buffer.from(encodeCheckpoint(model.config, model.getWeights(), { step: '777' }));
}

const dropped = (name: string, buffer: Buffer): { name: string; mimeType: string; buffer: Buffer } => ({
  ...{ name, mimeType: 'application/octet-stream', buffer },
});

test('a checkpoint that cannot be looked at leaves the run; one of other sizes can be, and a run can follow it', async () => {
  await visit(page, 'preset=two-heads&seed=11&step=4');
  await untilStep(page, 4);
  await page
    .getByTestId('file')
    .setInputFiles(dropped('short.safetensors', await checkpointOf({ nCtx: 3, dVocab: 64 })));
  await page.getByText(/short\.safetensors cannot be shown here: .*context of 3 has no room for a repeat/).waitFor();
  await goesOn(page);
  await fingerprintOf(page, 5);

  await page
    .getByTestId('file')
    .setInputFiles(dropped('wide.safetensors', await checkpointOf({ nCtx: 20, dVocab: 1000 })));
  await page.getByText(/wide\.safetensors is on the bench/).waitFor();
  await page.getByTestId('own').fill('500 600 500 700');
  await page.waitForFunction(() => document.querySelectorAll('.tokens .token').length === 4);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-checkpoint').click()]);
  expect(download.suggestedFilename()).toBe('wide.safetensors');
  const path = join(folder, 'wide.safetensors');
  await download.saveAs(path);
  expect(decodeCheckpoint(new Uint8Array(readFileSync(path)), path).metadata.step).toBe('777');
  // Tokens that the next model does not have are refused, and its probe is shown.
  await page.locator('.presets').getByText('varied').click();
  await page.waitForFunction(() => document.querySelector('[data-testid="step"]')?.textContent === '0');
  await goesOn(page);
  await fingerprintOf(page, 1);
});

test('a broken or foreign file is refused with a reason; a good one is looked at', async () => {
  await visit(page, 'preset=two-heads&seed=12&step=4');
  await untilStep(page, 4);
  const broken = join(folder, 'broken.safetensors');
  writeFileSync(broken, 'this is not a checkpoint, whatever its name says');
  await page.getByTestId('file').setInputFiles(broken);
  await page.getByText(/broken\.safetensors is not a readable safetensors file/).waitFor();
  await goesOn(page);

  const fingerprint = await fingerprintAt(page, 5);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-checkpoint').click()]);
  const good = join(folder, download.suggestedFilename());
  await download.saveAs(good);
  expect(download.suggestedFilename()).toBe('two-heads-seed-12-step-000005.safetensors');
  const { config, metadata } = decodeCheckpoint(new Uint8Array(readFileSync(good)), good);
  expect([config.nLayers, config.nHeads, metadata.step]).toEqual([2, 4, '5']);
  await page.getByTestId('file').setInputFiles(good);
  await page.getByText(/is on the bench/).waitFor();
  await page.waitForFunction((f) => document.querySelector('.fingerprint')?.textContent === f, fingerprint);
});

test('metrics and figures can be taken along', async () => {
  await visit(page, 'preset=two-heads&seed=13&step=6');
  await untilStep(page, 6);
  await untilStill(page);
  const take = async (id: string): Promise<Buffer> => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId(id).click()]);
    const path = join(folder, download.suggestedFilename());
    await download.saveAs(path);
    return readFileSync(path);
  };
  const lines = (await take('save-metrics')).toString().trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual([1, 2, 3, 4, 5, 6]);
  for (const name of ['patterns', 'scores', 'loss']) {
    await page.getByTestId('figure').selectOption(name);
    expect((await take('save-svg')).toString()).toMatch(/^<svg[\s\S]*two-heads, seed 13, step 6[\s\S]*<\/svg>\s*$/);
  }
  const png = await take('save-png');
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.length).toBeGreaterThan(5000);
});

/** What a training thread's address ends with. */
const THREAD = '#thread';

/** Makes workers throw outside of any question, as one that crashed would be noticed. */
async function kill(page: Page, script: string): Promise<void> {
  const workers = page.workers().filter((worker) => worker.url().endsWith(script));
  expect(workers.length).toBeGreaterThan(0);
  for (const worker of workers)
    await worker
      .evaluate(() =>
        setTimeout(() => {
          throw new Error('killed by a test');
        }),
      )
      .catch(() => {});
}

test('a training thread that dies is told, and the run goes on from what is kept', async () => {
  await visit(page, 'preset=two-heads&seed=14&step=20');
  const end = await fingerprintAt(page, 20);
  await kill(page, THREAD);
  await page.getByTestId('play').click();
  await page.getByText(/Training thread \d failed: .*killed by a test.* Reset starts again/).waitFor();
  await page.getByTestId('timeline').fill('3');
  await page.getByRole('button', { name: 'Resume from here' }).click();
  await page.waitForFunction(() => document.querySelector('[data-testid="step"]')?.textContent === '4');
  await page.getByTestId('play').click();
  await untilStep(page, 20);
  await page.getByTestId('play').click();
  await untilStill(page);
  await page.getByTestId('timeline').fill('5'); // 0, 1, 2, 4, 10, 20
  expect(await fingerprintOf(page, 20)).toBe(end);
});

test('a worker that dies is told, and the same run is trained again', async () => {
  await visit(page, 'preset=two-heads&seed=15&step=5');
  const fingerprint = await fingerprintAt(page, 5);
  await kill(page, '.js');
  await page.getByText(/The training worker died/).waitFor();
  await page.getByRole('button', { name: 'Train it again' }).click();
  expect(await fingerprintAt(page, 5)).toBe(fingerprint);
  await goesOn(page);
});

test('a tab put to sleep says so when it wakes, and nothing is lost', async () => {
  const { page } = await openPage(browser, `${served.url}#preset=two-heads&seed=1`, {
    before: (fresh) => fresh.clock.install(),
  });
  await page.locator('.tile').first().waitFor();
  await page.getByTestId('play').click();
  await untilStep(page, 2);
  await page.clock.runFor(2000);
  await page.clock.fastForward(60_000);
  await page.getByText(/This tab slept for \d+ seconds/).waitFor();
  await page.clock.resume();
  await untilStep(page, 10);
  await page.context().close();
});

test('without isolation one thread trains to the same bits, and the page says so', async () => {
  await visit(page, 'preset=two-heads&seed=3&step=20&period=13');
  const alone = await openPage(browser, `${plain.url}#preset=two-heads&seed=3&step=20&period=13`, {
    serviceWorkers: 'block',
  });
  expect(await alone.page.evaluate(() => typeof SharedArrayBuffer)).toBe('undefined');
  expect(await fingerprintAt(alone.page, 20)).toBe(await fingerprintAt(page, 20));
  expect(await alone.page.getByTestId('threads').innerText()).toContain('one thread');
  expect(await page.getByTestId('threads').innerText()).toContain('shared memory');
  expect(alone.errors).toEqual([]);
  await alone.page.context().close();
});

test('on a host without headers the service worker isolates the page', async () => {
  const { page } = await openPage(browser, `${plain.url}#preset=two-heads&seed=1&step=3`);
  await page.waitForFunction(() => crossOriginIsolated);
  await untilStep(page, 3);
  expect(await page.getByTestId('threads').innerText()).toContain('shared memory');
  await page.context().close();
});

test('the offline copy trains from a local folder', async () => {
  const files = unzipSync(new Uint8Array(readFileSync(`${site}induction-lab-offline.zip`)));
  const path = join(folder, 'index.html');
  writeFileSync(path, files['induction-lab/index.html'] as Uint8Array);
  const { page, errors } = await openPage(
    browser,
    `${pathToFileURL(path).href}#preset=two-heads&seed=3&step=20&period=13`,
  );
  await untilStep(page, 20);
  expect(await page.getByTestId('threads').innerText()).toContain('one thread');
  expect(errors).toEqual([]);
  await page.context().close();
});
