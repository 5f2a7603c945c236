// What can go wrong: each time a clear message, and the bench goes on.
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { decodeCheckpoint } from '@induction-lab/core';
import { unzipSync } from 'fflate';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  fingerprintAt,
  launch,
  numberIn,
  openPage,
  type Served,
  serve,
  site,
  untilStep,
  untilStill,
} from './support.ts';

let browser: Browser;
let served: Served;
let plain: Served;
let folder: string;

beforeAll(async () => {
  [browser, served, plain] = await Promise.all([launch(), serve(), serve({ plain: true })]);
  folder = await mkdtemp(join(tmpdir(), 'lab-'));
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await Promise.all([served?.close(), plain?.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** The bench goes on: one more step can be trained. */
async function goesOn(page: Page): Promise<void> {
  const before = await numberIn(page, 'step');
  await page.getByRole('button', { name: 'One step' }).click();
  await untilStep(page, before + 1);
}

test('a link with impossible values names them and opens with the rest', async () => {
  const link = `${served.url}#preset=varied&seed=-4&step=2&layers=99&period=11&off=banana&cut=z`;
  const { page, errors } = await openPage(browser, link);
  await untilStep(page, 2);
  const notice = await page.getByTestId('notice').innerText();
  for (const part of ['seed is "-4"', 'layers is "99"', 'off is "banana"', 'cut is "z"'])
    expect(notice).toContain(part);
  await page.getByText('probe’s period 11').waitFor();
  await goesOn(page);
  expect(errors).toEqual([]);
  await page.context().close();
});

test('an impossible experiment says why and leaves the run alone', async () => {
  const { page } = await openPage(browser, `${served.url}#preset=varied&seed=1&step=2`);
  await untilStep(page, 2);
  await page.getByText('Change the experiment').click();
  await page.getByLabel('shortest period').fill('30');
  await page.getByLabel('shortest period').press('Enter');
  await page.getByText(/Not possible: task\.periods runs from 30 down to 25/).waitFor();
  expect(await numberIn(page, 'step')).toBe(2);
  await goesOn(page);
  await page.context().close();
});

test('a broken or foreign file is refused with a reason; a good one is looked at', async () => {
  const { page, errors } = await openPage(browser, `${served.url}#preset=two-heads&seed=1&step=4`);
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
  expect(download.suggestedFilename()).toBe('two-heads-seed-1-step-000005.safetensors');
  const { config, metadata } = decodeCheckpoint(new Uint8Array(readFileSync(good)), good);
  expect([config.nLayers, config.nHeads, metadata.step]).toEqual([2, 4, '5']);
  await page.getByTestId('file').setInputFiles(good);
  await page.getByText(/is on the bench/).waitFor();
  await page.waitForFunction((f) => document.querySelector('.fingerprint')?.textContent === f, fingerprint);
  expect(errors).toEqual([]);
  await page.context().close();
});

test('metrics and figures can be taken along', async () => {
  const { page, errors } = await openPage(browser, `${served.url}#preset=two-heads&seed=1&step=6`);
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
    expect((await take('save-svg')).toString()).toMatch(/^<svg[\s\S]*two-heads, seed 1, step 6[\s\S]*<\/svg>\s*$/);
  }
  const png = await take('save-png');
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.length).toBeGreaterThan(5000);
  expect(errors).toEqual([]);
  await page.context().close();
});

test('a worker that dies is told, and the same run is trained again', async () => {
  const { page } = await openPage(browser, `${served.url}#preset=two-heads&seed=1&step=5`);
  const fingerprint = await fingerprintAt(page, 5);
  // The coordinator throws outside of any question, as a crashed worker would be noticed.
  for (const worker of page.workers())
    await worker
      .evaluate(() =>
        setTimeout(() => {
          throw new Error('killed by a test');
        }),
      )
      .catch(() => {});
  await page.getByText(/The training worker died/).waitFor();
  await page.getByRole('button', { name: 'Train it again' }).click();
  expect(await fingerprintAt(page, 5)).toBe(fingerprint);
  await goesOn(page);
  await page.context().close();
});

test('a tab put to sleep says so when it wakes, and nothing is lost', async () => {
  const { page } = await openPage(browser, `${served.url}#preset=two-heads&seed=1`);
  await page.locator('.tile').first().waitFor();
  await page.clock.install();
  await page.reload();
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
  const shared = await openPage(browser, `${served.url}#preset=two-heads&seed=3&step=20&period=13`);
  const alone = await openPage(browser, `${plain.url}#preset=two-heads&seed=3&step=20&period=13`, {
    serviceWorkers: 'block',
  });
  expect(await alone.page.evaluate(() => typeof SharedArrayBuffer)).toBe('undefined');
  expect(await fingerprintAt(alone.page, 20)).toBe(await fingerprintAt(shared.page, 20));
  expect(await alone.page.getByTestId('threads').innerText()).toContain('one thread');
  expect(await shared.page.getByTestId('threads').innerText()).toContain('shared memory');
  expect(alone.errors).toEqual([]);
  await Promise.all([alone.page.context().close(), shared.page.context().close()]);
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
