// How long a reader waits, on two cores: the story, every button of the lesson, the lesson as a whole, and a wall of seeds.
import { cpus } from 'node:os';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openPage, siteInBrowser } from './support.ts';

const { browser, served } = await siteInBrowser();

/** Ticks of all processors, and those of them in which nothing was to be done. */
const ticks = (): { all: number; idle: number } => {
  const times = cpus().map(({ times: of }) => of);
  const sum = (of: (typeof times)[number]): number => of.user + of.nice + of.sys + of.irq + of.idle;
  return { all: times.reduce((all, of) => all + sum(of), 0), idle: times.reduce((all, of) => all + of.idle, 0) };
};

/** How much slower than by itself the page was before, for what other programs take: 1 on a machine that rests, 2 where half of it is taken. */
async function load(): Promise<number> {
  const before = ticks();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const after = ticks();
  return 1 / Math.max(0.25, (after.idle - before.idle) / (after.all - before.all));
}

test('the first screen tells its story in less than 40 seconds of its own', async () => {
  const busy = await load();
  const { page, errors } = await openPage(browser, served.url);
  const story = page.getByTestId('story');
  await story.getByText('Train it').waitFor();
  await page.locator('canvas').first().waitFor();
  const since = Date.now();
  for (const next of ['Now move the period', 'Now force it', 'Once more']) {
    await story.click();
    await story.getByText(next).waitFor({ timeout: 90_000 });
  }
  const took = (Date.now() - since) / 1000;
  console.log(`story: ${took.toFixed(1)} s, on a machine ${busy.toFixed(1)} times as slow as one that rests`);
  expect(took).toBeLessThan(40 * busy);
  expect(await page.getByTestId('told').innerText()).toMatch(/\d of 8 heads have a pattern/);
  expect(errors).toEqual([]);
  await page.context().close();
}, 240_000);

/** Presses a button and waits until the bench shows what it names; seconds that took. */
async function wait(page: Page, button: ReturnType<Page['locator']>): Promise<number> {
  const since = Date.now();
  await button.click();
  await page.getByTestId('under-way').waitFor({ state: 'detached', timeout: 110_000 });
  await page.getByTestId('look-under-way').waitFor({ state: 'detached', timeout: 30_000 });
  await page.locator('.fingerprint').waitFor();
  return (Date.now() - since) / 1000;
}

test('no button of the lesson makes one wait for more than 3 seconds, and all of them together take less than 90', async () => {
  const { page, errors } = await openPage(browser, `${served.url}#preset=two-heads&seed=2&step=1`);
  await page.locator('.fingerprint').waitFor();
  await page.locator('.exercise').first().waitFor();
  const buttons = page.locator('#lesson [data-show], .exercise button:has-text("Set the bench up")');
  const count = await buttons.count();
  expect(count).toBeGreaterThan(10);
  const waits: string[] = [];
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const busy = await load();
    const took = await wait(page, buttons.nth(i));
    const name = (await buttons.nth(i).innerText()).replace(/\s+/g, ' ');
    waits.push(`${took.toFixed(1)} s (×${busy.toFixed(1)}) ${name}`);
    sum += took / busy;
    expect(took / busy, name).toBeLessThan(3);
  }
  console.log(`${waits.join('\n')}\nall: ${sum.toFixed(1)} s`);
  expect(sum).toBeLessThan(90);
  expect(errors).toEqual([]);
  await page.context().close();
}, 400_000);

test('while a link trains, how far it is stays in view, wherever one reads', async () => {
  const { page } = await openPage(browser, `${served.url}#preset=literal-1-layer&seed=1&step=1`);
  await page.locator('.fingerprint').waitFor();
  await page.locator('.exercise').last().scrollIntoViewIfNeeded();
  await page.evaluate(() => {
    location.hash = 'preset=varied&seed=9&step=400';
  });
  const bar = page.getByTestId('opening-bar');
  await bar.getByText(/varied, seed 9: step \d+ of 400/).waitFor();
  const inView = await bar.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });
  expect(inView).toBe(true);
  await bar.getByRole('button', { name: 'Stop here' }).click();
  await bar.waitFor({ state: 'detached' });
  await page.context().close();
});

/** Milliseconds between two frames with 24 seeds at once. */
const FRAMES = 33;

test('with 24 seeds side by side the median frame comes within 33 ms', async () => {
  const { page } = await openPage(browser, `${served.url}#preset=literal-1-layer&seed=1`);
  await page.getByTestId('wall-count').selectOption('24');
  await page.getByTestId('wall-begin').click();
  await page.waitForFunction(() => document.querySelectorAll('.wall-tiles canvas').length >= 24, null, {
    timeout: 120_000,
  });
  const medians: number[] = [];
  // A busy machine only ever adds: the best of some stretches is nearest to the page's own.
  while (medians.length < 6 && !(Math.min(...medians) <= FRAMES))
    medians.push(
      await page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            const times: number[] = [];
            const frame = (now: number): void => {
              times.push(now);
              if (times.length < 120) requestAnimationFrame(frame);
              else {
                const apart = times.slice(1).map((time, i) => time - (times[i] as number));
                resolve(apart.sort((a, b) => a - b)[apart.length >> 1] as number);
              }
            };
            requestAnimationFrame(frame);
          }),
      ),
    );
  console.log(`median frames: ${medians.map((x) => x.toFixed(1)).join(', ')} ms`);
  expect(Math.min(...medians)).toBeLessThanOrEqual(FRAMES);
  await page.context().close();
}, 240_000);
