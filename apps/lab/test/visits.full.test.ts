// From one visit to the next, in a real browser: what IndexedDB keeps; and without a network, from a local folder.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { fingerprintAt, openPage, site, siteInBrowser, untilStep, untilStill } from './support.ts';

const { browser, served } = await siteInBrowser();

/** A run that trains in moments. */
const TINY = 'preset=literal-1-layer&seed=7&heads=2&batch=8';

const kept = (page: Page) => page.getByRole('region', { name: 'Kept runs' });

test('a run is there at the next visit, opens with its fingerprint, goes on with the same bits, and is gone once deleted', async () => {
  const { page, errors } = await openPage(browser, `${served.url}#${TINY}&step=30`);
  const bits = await fingerprintAt(page, 30);
  await kept(page).getByText(`seed 7, step 30 of`).waitFor();
  await page.getByRole('button', { name: 'One step' }).click();
  const next = await fingerprintAt(page, 31);
  await kept(page).getByText(`seed 7, step 31 of`).waitFor();

  await page.goto('about:blank');
  await page.goto(served.url);
  await kept(page).getByText(`seed 7, step 31 of`).waitFor();
  expect(await kept(page).locator('li').count()).toBe(1);
  expect(await kept(page).locator('code').innerText()).toBe(next);
  await kept(page)
    .getByRole('button', { name: /^Open literal-1-layer, changed, seed 7/ })
    .click();
  expect(await fingerprintAt(page, 31)).toBe(next);
  await page.getByTestId('timeline').press('ArrowLeft');
  await page.locator('.fingerprint[data-step="30"]').waitFor();
  expect(await page.locator('.fingerprint').innerText()).toBe(bits);
  await page.getByRole('button', { name: 'One step' }).click();
  const after = await fingerprintAt(page, 32);
  // The link trains the same from the beginning, in a browser that keeps nothing yet.
  const fresh = await openPage(browser, `${served.url}#${TINY}&step=32`);
  expect(await fingerprintAt(fresh.page, 32)).toBe(after);
  await fresh.page.context().close();

  await kept(page)
    .getByRole('button', { name: /^Delete / })
    .click();
  await kept(page).getByText('None yet.').waitFor();
  // Not the link again, which would train the run anew and keep it.
  await page.goto('about:blank');
  await page.goto(served.url);
  await kept(page).getByText('None yet.').waitFor();
  expect(errors).toEqual([]);
  await page.context().close();
}, 180_000);

test('a browser without room says so, and the bench goes on', async () => {
  const { page } = await openPage(browser, `${served.url}#${TINY}&step=2`, { serviceWorkers: 'block' });
  await page.locator('.fingerprint').waitFor();
  await kept(page).waitFor();
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(served.url).origin, quotaSize: 1000 });
  await page.getByTestId('play').click();
  await untilStep(page, 25);
  await page.getByTestId('play').click();
  await untilStill(page);
  await kept(page)
    .getByText(/This browser has no more room to keep runs \(.*\): delete one that is kept, or save the checkpoint\./)
    .waitFor();
  const step = Number(await page.getByTestId('step').innerText());
  await page.getByRole('button', { name: 'One step' }).click();
  await untilStep(page, step + 1);
  await page.context().close();
}, 120_000);

test('the offline copy tells the first screen’s story from a local folder, shows the lesson’s models, and is as large as is said', async () => {
  const zip = `${site}induction-lab-offline.zip`;
  const files = unzipSync(new Uint8Array(readFileSync(zip)));
  const page = files['induction-lab/index.html'] as Uint8Array;
  expect(page.length).toBeLessThan(6_000_000);
  expect(readFileSync(`${site}teacher.html`, 'utf8')).toContain(`(zip, ${(statSync(zip).size / 1e6).toFixed(1)} MB)`);
  // A model that lesson and gallery share is there once.
  const text = Buffer.from(page).toString();
  const tail = readFileSync(new URL('../src/lesson/states/picture-600.safetensors', import.meta.url));
  const third = tail.subarray(30_000, 30_300); // a multiple of three, as base64 has it
  expect(text.split(third.toString('base64')).length).toBe(2);
  const folder = await mkdtemp(join(tmpdir(), 'lab-'));
  try {
    const path = join(folder, 'index.html');
    writeFileSync(path, page);
    const { page: opened, errors } = await openPage(browser, pathToFileURL(path).href);
    const story = opened.getByTestId('story');
    for (const next of ['Now move the period', 'Now force it', 'Once more']) {
      await story.click();
      await story.getByText(next).waitFor({ timeout: 90_000 });
    }
    expect(await opened.getByTestId('recorded').count()).toBe(1); // frames, while one thread trains the same
    await opened.getByRole('button', { name: 'Model B' }).click();
    await opened.getByText(/Model B is on the bench/).waitFor();
    expect(errors).toEqual([]);
    await opened.context().close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 300_000);
