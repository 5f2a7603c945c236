// Playing with runs: the timeline back and forth, resuming, two runs side by side, a dropped file, own tokens, hovering.
import { KERNELS_VERSION } from '@induction-lab/core/internal/kernels-version';
import type { Page } from 'playwright-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import known from '../../../packages/core/test/unchanged/fixtures/weights.json' with { type: 'json' };
import {
  fingerprintAt,
  fingerprintOf,
  numberIn,
  openPage,
  siteInBrowser,
  untilStep,
  untilStill,
  visit,
} from './support.ts';

const { browser, served } = await siteInBrowser();
/** One page for all of it, as of a reader who tries one thing after the other. */
let page: Page;
let errors: string[];

beforeAll(async () => {
  ({ page, errors } = await openPage(browser, `${served.url}#preset=two-heads&seed=1`, {
    permissions: ['clipboard-read', 'clipboard-write'],
  }));
}, 120_000);
afterEach(() => {
  expect(errors.splice(0)).toEqual([]);
});

/** Follows a link without waiting for what it names. */
const go = (link: string): Promise<void> =>
  page.evaluate((hash) => {
    location.hash = hash;
  }, link);

test('the timeline goes back and forth, and a resumed run has the bits of one that never stopped', async () => {
  await visit(page, 'preset=two-heads&seed=2&step=30&period=13');
  const end = await fingerprintAt(page, 30);
  /** Moves the timeline's thumb; the step that it then names, and the fingerprint of its weights. */
  const scrub = async (thumb: string): Promise<{ step: number; bits: string }> => {
    await page.getByTestId('timeline').fill(thumb);
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    const text = await page.locator('.timeline output').innerText();
    const step = Number(text.replace('step ', ''));
    return { step, bits: await fingerprintOf(page, step) };
  };
  const last = await page.getByTestId('timeline').getAttribute('max');
  const early = await scrub('4');
  expect(early.bits).not.toBe(end);
  expect((await scrub('3')).step).toBeLessThan(early.step);
  expect(await scrub('4')).toEqual(early);
  // The link keeps both: how far it was trained, and what is looked at.
  await page.waitForFunction((s) => location.hash.includes(`step=30&view=${s}&`), early.step);
  await page.getByRole('button', { name: 'Resume from here' }).click();
  await page.waitForFunction(
    (s) => document.querySelector('[data-testid="step"]')?.textContent === String(s),
    early.step,
  );
  await page.getByTestId('play').click();
  await untilStep(page, 30);
  await page.getByTestId('play').click();
  await untilStill(page);
  expect(await scrub(last as string)).toEqual({ step: 30, bits: end });
});

test('the first screen has one thing to press at a time: learned, moved, and a frame that is broken is trained to', async () => {
  const { page, errors } = await openPage(browser, served.url);
  const story = page.getByTestId('story');
  const told = page.getByTestId('told');
  await page.locator('.tile').first().waitFor({ timeout: 60_000 });
  await story.click();
  await untilStep(page, 1);
  const since = Date.now();
  await untilStep(page, 90);
  await told.getByText(/The loss fell at step \d+\./).waitFor();
  await story.getByText('Now move the period').waitFor();
  await story.click();
  await story.getByText('Now force it').waitFor();
  expect(await told.innerText()).toMatch(/with period 17: \d+\.\d\d nats, worse than guessing/);
  expect(Date.now() - since).toBeLessThan(20_000); // of forty
  await page.getByRole('listitem').getByText('loss falls').waitFor();
  // Where nothing moves under the pointer, the same place switches the same head off and on.
  await page.getByTestId('timeline').fill('1');
  const off = page.locator('.tile .ablate').nth(2);
  const at = await off.boundingBox();
  await off.click();
  await page.locator('.tile[data-off="true"]').waitFor({ timeout: 60_000 });
  expect(await off.boundingBox()).toEqual(at);
  expect(await fingerprintOf(page, 10)).toBe('759a8db8');
  expect(errors).toEqual([]);
  await page.context().close();
});

test('a preset trained in the page has after a hundred steps the weights that it has under Node', async () => {
  const { seed, step, fingerprint } = known.varied;
  await visit(page, `preset=varied&seed=${seed}&step=${step}`);
  expect(await fingerprintAt(page, step)).toBe(fingerprint);
});

test('what is chosen last counts: a link that still trains gives up, and links inside the page leave the run alone', async () => {
  await visit(page, 'preset=two-heads&seed=2&period=9');
  await go('preset=two-heads&seed=2&step=50&view=0&period=9');
  await untilStep(page, 1);
  await go('preset=two-heads&seed=3&step=12&period=13');
  const bits = await fingerprintAt(page, 12);
  // Past the step at which the first link would have wanted to look at the beginning.
  await page.getByTestId('play').click();
  await untilStep(page, 52);
  await page.getByTestId('play').click();
  await untilStill(page);
  expect(await page.getByTestId('timeline').inputValue()).toBe(await page.getByTestId('timeline').getAttribute('max'));
  const step = await numberIn(page, 'step');
  await page.waitForFunction((s) => location.hash.includes(`step=${s}&`), step);
  const address = page.url();
  await page.locator('.skip').focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.id === 'bench');
  await page.locator('#show-contents').click();
  await page.locator('#contents a').nth(2).click();
  await page.waitForFunction(() => document.activeElement?.tagName === 'SECTION');
  await page.waitForTimeout(300); // a link that is followed starts a run at once
  expect([await numberIn(page, 'step'), page.url()]).toEqual([step, address]);
  expect(await page.getByTestId('timeline').count()).toBe(1);
  expect(bits).not.toBe(await fingerprintOf(page, step));
});

test('two runs stand side by side, and the link brings both back', async () => {
  await visit(page, 'preset=two-heads&seed=5&step=8&period=13');
  await fingerprintAt(page, 8);
  await page.getByTestId('compare-seed').click();
  await page.getByTestId('beside').waitFor();
  await fingerprintAt(page, 8); // the other trains as far
  expect(await page.locator('.watch').getAttribute('data-wide')).toBe('true');
  expect(await page.getByTestId('beside').innerText()).toContain('two-heads, seed 5, step');
  await page.getByRole('button', { name: 'One step' }).click();
  await untilStep(page, 9);
  await page.waitForFunction(() => location.hash.includes('beside=') && location.hash.includes('step=9'));
  const link = new URL(page.url()).hash;
  await visit(page, 'preset=two-heads&seed=7&step=1');
  expect(await page.getByTestId('beside').count()).toBe(0);
  await visit(page, link);
  await untilStep(page, 9);
  expect(await page.getByTestId('beside').innerText()).toContain('seed 5');
  await page.getByRole('button', { name: 'End the comparison' }).click();
  await page.getByTestId('beside').waitFor({ state: 'detached' });
  await visit(page, link);
  // A button of the lesson ends a comparison too.
  await page.getByRole('button', { name: /such a sequence, and a model that knows nothing yet/ }).click();
  await page.waitForFunction(() => location.hash.includes('preset=literal&'));
  await page.waitForFunction(() => document.querySelector('.watch')?.getAttribute('data-wide') === 'false');
  await page.getByRole('button', { name: 'One step' }).click();
  await untilStep(page, 1);
  expect(await page.locator('.watch').getAttribute('data-wide')).toBe('false');
});

test('a step that the run has been at is looked at again, broken as the link says, and training can go on to a later one', async () => {
  await visit(page, 'preset=two-heads&seed=2&step=20&period=13');
  const end = await fingerprintAt(page, 20);
  await go('preset=two-heads&seed=2&step=10&period=13&cut=k&off=L0H2');
  const early = await fingerprintOf(page, 10);
  expect(await numberIn(page, 'step')).toBe(20); // nothing was trained anew
  expect(await page.getByTestId('broken').innerText()).toMatch(/L0H2 off, K cut/);
  await page.getByTestId('intact-scores').waitFor();
  await go('preset=two-heads&seed=2&step=30&period=13');
  await fingerprintAt(page, 30);
  expect(await page.getByTestId('broken').count()).toBe(0);
  await page.getByTestId('timeline').fill('4');
  expect(await fingerprintOf(page, 10)).toBe(early);
  // Another seed is another run.
  await go('preset=two-heads&seed=3&step=20&period=13');
  expect(await fingerprintAt(page, 20)).not.toBe(end);
});

test('the slowest speed is as slow as it says, and the copied link opens the view', async () => {
  await visit(page, 'preset=two-heads&seed=1&step=2&period=9&off=L0H1&kind=mean&cut=v&head=L1H2');
  await fingerprintAt(page, 2);
  await page.getByLabel('speed').fill('0');
  await page.getByTestId('play').click();
  await untilStep(page, 3);
  const since = Date.now();
  await untilStep(page, 6);
  expect(Date.now() - since).toBeGreaterThan(1000); // three steps at two a second
  const rate = Number(/(\d+) steps\/s/.exec(await page.locator('.speedometer').innerText())?.[1]);
  expect(rate).toBeLessThanOrEqual(3);
  await page.getByTestId('play').click();
  await untilStill(page);
  const step = await numberIn(page, 'step');
  await page.getByTestId('copy-link').click();
  await page.getByText('The link is on the clipboard').waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    `${served.url}#preset=two-heads&seed=1&step=${step}&period=9&off=L0H1&kind=mean&cut=v&head=L1H2&kernels=${KERNELS_VERSION}`,
  );
});

test('a foreign file that is dropped is refused in words', async () => {
  await visit(page, 'preset=two-heads&seed=1&step=1');
  await untilStep(page, 1);
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File(['<html>'], 'page.safetensors'));
    window.dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }));
  });
  await page.getByText(/page\.safetensors is not a readable safetensors file/).waitFor();
});

test('own words become tokens, and pointing at a cell is seen in every view', async () => {
  await visit(page, 'preset=two-heads&seed=1&step=2&head=L1H1');
  await untilStep(page, 2);
  await page.locator('.enlarged canvas').first().waitFor();
  await page
    .locator('.tile canvas')
    .nth(2)
    .hover({ position: { x: 4, y: 60 } });
  await page.getByTestId('cell').waitFor();
  expect(await page.getByTestId('cell').innerText()).toMatch(
    /^query \d+ \(token \d+\) → key \d+ \(token \d+\), L0H2 gives it 0\.\d+\. Predicts/,
  );
  expect(await page.locator('.pointed').count()).toBe(3); // the grid and both enlarged panels
  expect(await page.locator('.tile .weight').allInnerTexts()).toHaveLength(8);
  await page.getByTestId('own').fill('the cat sat on the');
  await page.waitForFunction(() => document.querySelectorAll('.tokens .token').length === 5);
  expect(await page.locator('.tokens .token').allInnerTexts()).toEqual(['the', 'cat', 'sat', 'on', 'the']);
  expect(await page.getByTestId('expected').innerText()).toMatch(/^after “the” it expects \S+ \(\d+ %\)/);
  await page.getByText('“the” stood before and was followed by “cat”').waitFor();
  await page.getByTestId('own').fill('the cat sat on the cat');
  await page.getByText(/loss where copying is right \d/).waitFor();
});

test('an exercise is set up, answered and checked on the bench; the lesson’s buttons and terms work', async () => {
  await visit(page, 'preset=two-heads&seed=1&step=2');
  await untilStep(page, 2);
  const exercise = page.locator('[data-exercise="one-data-knob"]');
  await exercise.getByRole('button', { name: 'Set the bench up' }).click();
  await page.waitForFunction(() => location.hash.includes('preset=literal&'));
  await exercise.getByRole('button', { name: 'Check my answer' }).click();
  await exercise.getByText(/This is preset literal, unchanged/).waitFor();
  await page.getByRole('button', { name: /such a sequence, and a model that knows nothing yet/ }).click();
  await page.getByText('probe’s period 25').waitFor();
  const term = page.locator('button.term').first();
  await term.click();
  const definition = page.locator('.definition:popover-open');
  await definition.waitFor();
  expect(await definition.innerText()).toContain((await term.innerText()).toLowerCase().replace(/s$/, ''));
  await page.keyboard.press('Escape');
  const circuit = page.locator('.circuit-figure');
  await circuit.getByRole('button', { name: '3. match' }).click();
  await circuit.getByText(/looks from \d+ to \d+ with \d+ % of its attention/).waitFor();
  // A reader who only scrolls sees every prepared figure.
  for (const image of await page.locator('.prepared img').all()) {
    await page.waitForFunction((i) => (i as HTMLImageElement).naturalWidth > 0, await image.elementHandle());
  }
  expect(await numberIn(page, 'step')).toBe(0);
});
