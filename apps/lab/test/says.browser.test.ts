// What the page says of a model is what was computed of it: while a link trains on, on every scrub, of typed sequences, of
// workers that are gone, and however long what comes from outside is.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { fingerprintAt, numberIn, openPage, siteInBrowser, untilStep, untilStill, visit } from './support.ts';

const { browser, served } = await siteInBrowser();
let page: Page;
let errors: string[];

beforeAll(async () => {
  ({ page, errors } = await openPage(browser, `${served.url}#preset=two-heads&seed=2`));
}, 120_000);
afterEach(() => {
  expect(errors.splice(0)).toEqual([]);
});

const go = (page: Page, link: string): Promise<void> =>
  page.evaluate((hash) => {
    location.hash = hash;
  }, link);

/** Everything that the page says of what is broken, of the sequence and of the period. */
const said = (
  page: Page,
): Promise<{ broken: number; off: number; tokens: string; label: string; slider: string; own: string }> =>
  page.evaluate(() => {
    const text = (selector: string): string => document.querySelector(selector)?.textContent ?? '';
    const value = (id: string): string =>
      document.querySelector<HTMLInputElement>(`[data-testid="${id}"]`)?.value ?? '';
    return {
      broken: document.querySelectorAll('[data-testid="broken"], [data-testid="loss-intact"], .broken .chip').length,
      off: document.querySelectorAll('.tile[data-off="true"], .cuts [aria-pressed="true"]').length,
      tokens: text('.tokens .token'),
      label: text('.period label'),
      slider: value('period'),
      own: value('own'),
    };
  });

async function svg(page: Page, figure: string): Promise<string> {
  await page.getByTestId('figure').selectOption(figure);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-svg').click()]);
  return readFileSync(await download.path(), 'utf8');
}

test('a link that trains on breaks and pastes nothing until it is there, nor after Pause, nor in a figure or a link', async () => {
  await visit(page, 'preset=two-heads&seed=1&step=2&period=17');
  await fingerprintAt(page, 2);
  const before = await said(page);
  expect(before).toMatchObject({ broken: 0, off: 0, label: 'probe’s period 17', slider: '17', own: '' });
  await go(page, 'preset=two-heads&seed=1&step=600&period=25&off=L0H0.L0H1&cut=k&tokens=captain+varga+captain');
  await page.getByTestId('under-way').waitFor();
  expect(await page.getByTestId('under-way').innerText()).toMatch(/step 600, own sequence, L0H0 off, L0H1 off, K cut/);
  await untilStep(page, 6);
  expect(await said(page)).toEqual(before);
  await page.getByTestId('play').click();
  await untilStill(page);
  await page.getByTestId('under-way').waitFor({ state: 'detached' });
  const step = await numberIn(page, 'step');
  expect(step).toBeLessThan(600);
  await page.locator(`.fingerprint[data-step="${step}"]`).waitFor();
  expect(await said(page)).toEqual(before);
  expect(await svg(page, 'patterns')).toContain(`two-heads, seed 1, step ${step}: attention patterns<`);
  await page.waitForFunction((s) => location.hash.includes(`step=${s}&period=17`), step);
  // Scrubbed back, every figure names the step that it is of.
  await page.getByTestId('timeline').fill('0');
  await page.locator('.fingerprint[data-step="0"]').waitFor();
  expect(await svg(page, 'scores')).toContain('two-heads, seed 1, step 0: scores<');
  expect(await svg(page, 'loss')).toContain(`two-heads, seed 1, step ${step}: loss<`);
  await page.getByRole('button', { name: 'switch off L0H0' }).click();
  await page.getByTestId('loss-intact').waitFor();
  expect(await svg(page, 'scores')).toContain('two-heads, seed 1, step 0: scores of the intact model<');
  expect(await svg(page, 'patterns')).toContain('step 0: attention patterns, L0H0 off (zero)<');
});

test('a view comes back by its link, to the last bit, in another page', async () => {
  await visit(page, 'preset=varied&seed=4&step=12&period=9&off=L0H0.L1H2&kind=mean&cut=q');
  await fingerprintAt(page, 12);
  await page.waitForFunction(() => /step=12&.*off=L0H0\.L1H2&kind=mean&cut=q/.test(location.hash));
  const seen = await Promise.all(['.fingerprint', '.loss-now', '.tokens'].map((at) => page.locator(at).innerText()));
  const again = await openPage(browser, page.url());
  await fingerprintAt(again.page, 12);
  await again.page.getByTestId('under-way').waitFor({ state: 'detached' });
  await again.page.getByTestId('look-under-way').waitFor({ state: 'detached' });
  expect(
    await Promise.all(['.fingerprint', '.loss-now', '.tokens'].map((at) => again.page.locator(at).innerText())),
  ).toEqual(seen);
  await again.page.context().close();
});

test('a fingerprint stands beside the step that it is of, also where more has been trained', async () => {
  await visit(page, 'preset=literal-1-layer&seed=1&step=20&view=0');
  await page.locator('.fingerprint[data-step="0"]').waitFor();
  expect(await page.locator('.transport').innerText()).toMatch(/step 20 of .*weights of step 0 34d6fa4f/s);
  await page.getByTestId('timeline').fill(String(await page.getByTestId('timeline').getAttribute('max')));
  await page.locator('.fingerprint[data-step="20"]').waitFor();
  expect(await page.locator('.facts').innerText()).toMatch(/weights of step 20 (?!34d6fa4f)[0-9a-f]{8}/);
});

test('of typed sequences nothing is said that they do not hold', async () => {
  await visit(page, 'preset=literal-1-layer&seed=1&step=1&period=9&batch=8');
  await fingerprintAt(page, 1);
  const type = async (text: string, tokens: number): Promise<string> => {
    await page.getByTestId('own').fill(text);
    await page.waitForFunction((n) => document.querySelectorAll('.tokens .token').length === n, tokens);
    return page.locator('.period-control').innerText();
  };
  // The last word stood before: what copying expects is said, and only its loss is not known.
  const captain = await type('captain varga lowered the anchor and captain', 7);
  expect(captain).toMatch(/“captain” stood before and was followed by “varga”/);
  expect(captain).not.toMatch(/Nothing in your sequence can be copied/);
  expect(await type('the cat the mat', 4)).toMatch(/“the” comes again, but not what followed it/);
  expect(await type('a b c d', 4)).toMatch(/Nothing in your sequence can be copied/);
  // What is no token, or too little, leaves the probe, and its loss as the probe's.
  for (const [text, complaint] of [
    ['captain', 'Type two tokens or more'],
    ['64 1 64', '64 is no token of this model: its tokens are the whole numbers from 0 to 63'],
    ['−3 1 2', '−3 is no token'],
  ] as const) {
    const probe = await type(text, 50);
    expect(probe).toMatch(/probe’s period 9[\s\S]*loss on the repeat \d/);
    expect(await page.locator('.probe .complaint').innerText()).toContain(complaint);
    expect(await page.locator('.tokens').innerText()).toMatch(/^[\d\s]+$/);
  }
  await page.locator('.tokens .column').nth(12).hover();
  expect(await page.getByTestId('cell').innerText()).toMatch(/(Who looks where: L|No head looks anywhere sharply\.)/);
});

test('a link with twenty thousand names is told in a few lines', async () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `n${i}=1`).join('&');
  const { page } = await openPage(browser, `${served.url}#preset=two-heads&seed=1&batch=8&${names}`, {
    viewport: { width: 360, height: 740 },
  });
  const notice = page.getByTestId('notice');
  await notice.getByText('"n0", "n1", "n2" and 19,997 more are not known').waitFor();
  expect((await notice.boundingBox())?.height).toBeLessThan(200);
  await page.context().close();
});

/** What a training thread's address ends with. */
const THREAD = '#thread';

/** Makes workers close themselves, as the browser does that takes their memory: no error event tells of it. */
async function vanish(page: Page, script: string): Promise<void> {
  const workers = page.workers().filter((worker) => worker.url().endsWith(script));
  expect(workers.length).toBeGreaterThan(0);
  await workers
    .at(-1)
    ?.evaluate(() => self.close())
    .catch(() => {});
}

/** Milliseconds in which a worker that is gone is noticed. */
const NOTICED = 5000;

test('a worker and a thread that stop without an error are noticed, and the run can be trained again', async () => {
  const { page } = await openPage(browser, `${served.url}#preset=two-heads&seed=1&step=3`);
  const bits = await fingerprintAt(page, 3);
  await page.getByTestId('play').click();
  await untilStep(page, 5);
  await vanish(page, THREAD);
  await page.getByText(/Training thread \d failed: it stopped without an error/).waitFor({ timeout: NOTICED });
  await untilStill(page);
  expect(await page.locator('.speedometer').innerText()).not.toContain('steps/s');
  await go(page, 'preset=two-heads&seed=1&step=3&period=9'); // a run that failed is begun anew
  expect(await fingerprintAt(page, 3)).toBe(bits);

  await page.getByTestId('play').click();
  await untilStep(page, 5);
  await vanish(page, '.js');
  await page.getByText(/The training worker died: it stopped without an error/).waitFor({ timeout: NOTICED });
  expect(await page.locator('.speedometer').innerText()).not.toContain('steps/s');
  await page.getByRole('button', { name: 'Train it again' }).click();
  await page.getByText('The training worker died').waitFor({ state: 'detached' });
  await untilStep(page, 5);
  await page.context().close();
});
