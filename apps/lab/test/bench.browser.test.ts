// The bench in a real browser: train, judge, unmask, break.
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { numberIn, openPage, siteInBrowser, untilStep, untilStill, visit } from './support.ts';

const { browser, served } = await siteInBrowser();
let page: Page;
let errors: string[];

beforeAll(async () => {
  ({ page, errors } = await openPage(browser, served.url));
}, 120_000);

/** Ln 64 / 2: below it a period counts as solved. */
const SOLVED = Math.log(64) / 2;

const setPeriod = async (page: Page, period: number): Promise<void> => {
  await page.getByTestId('period').fill(String(period));
  await page.waitForFunction((p) => document.querySelectorAll('.token[data-copy="first"]').length === p + 1, period);
};

/** One model for both: trained in the page once, judged, and then taken apart. */
describe('training two-heads from the page', () => {
  beforeAll(async () => {
    await visit(page, 'preset=two-heads&seed=1');
    await page.getByTestId('play').click();
    await untilStep(page, 240);
    await page.getByTestId('play').click();
    await untilStill(page);
    await page.getByTestId('audit').click();
    await page.getByText('Attention follows the period in').waitFor({ timeout: 60_000 });
  }, 120_000);

  test('reaches the phase change, earns the verdict and follows the period', async () => {
    expect(await page.getByTestId('threads').innerText()).toMatch(/^\d+ threads?, shared memory$/);
    expect(await numberIn(page, 'loss-repeat')).toBeLessThan(SOLVED);

    expect(await page.locator('.verdict .word b').innerText()).toBe('induction');
    // The stripe follows the period.
    await setPeriod(page, 9);
    expect(await numberIn(page, 'loss-repeat')).toBeLessThan(SOLVED);
    await setPeriod(page, 17);
    const intact = await numberIn(page, 'loss-repeat');

    await page.getByRole('button', { name: 'switch off L0H0' }).click();
    await page.getByTestId('loss-intact').waitFor();
    expect(await numberIn(page, 'loss-intact')).toBe(intact);

    await page.waitForFunction(() => location.hash.includes('off=L0'));
    await page.getByRole('button', { name: 'Restore all' }).click();
    expect(errors).toEqual([]);
  });

  test('without its previous-token head it stops copying; without a quiet one it does not', async () => {
    await page.waitForFunction(() => !location.hash.includes('off=')); // restored
    await setPeriod(page, 13);
    const marked = page.locator('.tile:has(.says:text-is("previous-token head"))');
    expect(await marked.count()).toBe(1);
    await page.getByTestId('prove').click();
    await page.getByTestId('proof').waitFor({ timeout: 120_000 });
    expect(await page.getByTestId('proof').innerText()).toContain('(previous-token head)');
    const intact = await numberIn(page, 'loss-repeat');
    await marked.getByRole('button', { name: /^switch off/ }).click();
    await page.getByTestId('loss-intact').waitFor();
    expect(await numberIn(page, 'loss-repeat')).toBeGreaterThan(intact + 3);
    await page.getByRole('button', { name: 'Restore all' }).click();
    const quiet = page.locator('.tile[data-role="quiet"]').first();
    await quiet.getByRole('button', { name: /^switch off/ }).click();
    await page.getByTestId('loss-intact').waitFor();
    expect(await numberIn(page, 'loss-repeat')).toBeLessThan(intact + 0.2);

    // Only the keys are the path that matters.
    await page.getByRole('button', { name: 'Restore all' }).click();
    await page.getByTestId('cut-k').click();
    await page.waitForFunction(
      (limit) => Number(document.querySelector('[data-testid="loss-repeat"]')?.textContent) > limit,
      intact + 3,
    );
    await page.getByRole('button', { name: 'Restore all' }).click();
    await page.getByTestId('cut-v').click();
    await page.getByTestId('loss-intact').waitFor();
    expect(await numberIn(page, 'loss-repeat')).toBeLessThan(intact + 0.5);
    await page.getByRole('button', { name: 'Restore all' }).click();

    // The exercise about this head accepts it, and no other.
    const exercise = page.locator('[data-exercise="previous-token-head"]');
    const check = exercise.getByRole('button', { name: 'Check my answer' });
    await quiet.locator('.enlarge').click();
    await check.click();
    await exercise.getByText('Not yet.').waitFor();
    await marked.locator('.enlarge').click();
    await check.click();
    await exercise.getByText('Right.').waitFor();
    expect(errors).toEqual([]);
  });
});
