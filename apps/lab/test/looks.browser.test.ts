// How the lab looks: pictures of its main views, and what no picture may lose: nothing clipped, hidden or out of line on a desk, a
// phone, on paper, and in colours that the reader has forced.
import { readFileSync } from 'node:fs';
import { KERNELS_VERSION } from '@induction-lab/core/internal/kernels-version';
import { paletteOf } from '@induction-lab/figures/colours';
import type { Page } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { contents } from '../../../packages/cli/src/report/contents.ts';
import { style as reportStyle } from '../../../packages/cli/src/report/style.ts';
import { comparePicture, difference, PICTURE_CONTEXT, pictureOf, setLetters, TOLERANCE } from './pictures.ts';
import { openPage, siteInBrowser, visit } from './support.ts';

const { browser, served } = await siteInBrowser();
/** One page for all of it: a trained model is on its bench. */
let page: Page;
let errors: string[];

const DESK = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
const NARROWEST = { width: 320, height: 640 };
const TRAINED = `preset=picture&seed=1&step=600&period=17&head=L1H1&kernels=${KERNELS_VERSION}`;

beforeAll(async () => {
  ({ page, errors } = await openPage(browser, served.url, { ...PICTURE_CONTEXT, before: setLetters }));
}, 120_000);
beforeEach(async () => {
  await page.setViewportSize(DESK);
  await page.emulateMedia({ media: null, colorScheme: 'light', forcedColors: 'none' });
});
afterEach(() => {
  expect(errors.splice(0)).toEqual([]);
});

/** Waits until the plot and the panels below the fold are there, and what has changed is drawn. */
async function drawn(): Promise<void> {
  await page.locator('.uplot canvas').or(page.getByText('loaded from a file')).first().waitFor();
  await page.locator('.arcs svg').waitFor();
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50)))),
  );
}

const inPage = <T>(read: (element: HTMLElement) => T, selector: string): Promise<T> =>
  page
    .locator(selector)
    .first()
    .evaluate(read as (element: Element) => T);
const styleOf = (selector: string, property: string): Promise<string> =>
  page
    .locator(selector)
    .first()
    .evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), property);
const boxOf = async (selector: string): Promise<{ x: number; y: number; width: number; height: number }> => {
  const box = await page.locator(selector).first().boundingBox();
  if (!box) throw new Error(`${selector} is not shown`);
  return box;
};
/** What goes over the right edge of the window, and is not scrolled inside of something. */
const spills = (): Promise<string[]> =>
  page.evaluate(() =>
    document.documentElement.scrollWidth <= innerWidth
      ? []
      : [...document.querySelectorAll('body *')]
          .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
          .map((e) => `${e.tagName}.${e.className}`),
  );

test('the first screen and a trained model, light, dark and on a phone, look as they did', async () => {
  await page.locator('.tile').first().waitFor({ timeout: 60_000 });
  await drawn();
  await comparePicture(page, 'first-screen');
  await visit(page, TRAINED);
  await page.getByTestId('show-roles').check();
  await drawn();
  await page.locator('#bench').evaluate((bench) => bench.scrollTo(0, 0));
  await comparePicture(page, 'trained-light');
  const whole = await pictureOf(page);
  // A view that breaks is noticed.
  const broken = await page.addStyleTag({ content: '.tile canvas { visibility: hidden }' });
  expect(difference(whole, await pictureOf(page)).share).toBeGreaterThan(2 * TOLERANCE);
  await broken.evaluate((style) => (style as Element).remove());
  await page.emulateMedia({ colorScheme: 'dark' });
  await drawn();
  await comparePicture(page, 'trained-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(PHONE);
  await page.locator('.patterns').evaluate((panel) => panel.scrollIntoView());
  await drawn();
  await comparePicture(page, 'phone');
});

test('the figure of the loss is saved in the scheme that is seen', async () => {
  await page.getByTestId('figure').selectOption('loss');
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-svg').click()]);
    const svg = readFileSync(await download.path(), 'utf8');
    const other = scheme === 'light' ? 'dark' : 'light';
    expect([svg.includes(paletteOf(scheme).ink), svg.includes(paletteOf(other).ink)]).toEqual([true, false]);
  }
});

test('nothing spills, is clipped or out of line, from a wide window to the narrowest', async () => {
  expect(await page.getByText('The bench needs JavaScript').count()).toBe(0); // it has it
  await page.locator('details.knobs').evaluate((knobs) => knobs.setAttribute('open', ''));
  for (const size of [DESK, { width: 1024, height: 768 }, PHONE, NARROWEST]) {
    await page.setViewportSize(size);
    await drawn();
    const at = `${size.width} pixels wide`;
    expect(await spills(), at).toEqual([]);
    // Code of the lesson breaks, or is scrolled, inside of its column.
    const clipped = await page.locator('.lesson :is(code, pre, table)').evaluateAll((all) =>
      all
        .filter((e) => !e.parentElement?.closest('pre, .scroll, table') && !e.closest('.scroll'))
        .filter(
          (e) =>
            e.getBoundingClientRect().right >
            (e.closest('section, .lesson') as Element).getBoundingClientRect().right + 1,
        )
        .map((e) => e.textContent),
    );
    expect(clipped, at).toEqual([]);
    // The story's button stands below the first letter of what it belongs to.
    expect((await boxOf('#story button')).x, at).toBeCloseTo((await boxOf('.hero h1')).x, 0);
    const roles = await page
      .locator('.tile .says:not(:empty)')
      .evaluateAll((all) =>
        all.map((e) => [
          Math.round(e.getBoundingClientRect().height / Number.parseFloat(getComputedStyle(e).lineHeight)),
          e.scrollWidth / e.clientWidth,
        ]),
      );
    expect(roles.length).toBe(2);
    // A head's role is one line, or two where a tile is narrower than its words; none is cut off.
    for (const [lines, width] of roles) {
      expect(lines, at).toBeLessThanOrEqual(size.width < 600 ? 2 : 1);
      expect(width, at).toBeLessThanOrEqual(1);
    }
    // What is round at both ends has one line; what has more is a button with corners, of two lines at most on a desk.
    const lines = await page.locator('button:not(.score, .enlarge)').evaluateAll((all) =>
      all
        .filter((e) => e.checkVisibility())
        .map((e) => {
          const range = document.createRange();
          range.selectNodeContents(e);
          const { height } = e.getBoundingClientRect();
          const { borderRadius } = getComputedStyle(e);
          return {
            text: e.textContent,
            pill: Number.parseFloat(borderRadius) >= height / 2,
            lines: Math.round(
              range.getBoundingClientRect().height / (1.3 * Number.parseFloat(getComputedStyle(e).fontSize)),
            ),
          };
        }),
    );
    expect(
      lines.filter(({ pill, lines }) => pill && lines > 1),
      at,
    ).toEqual([]);
    expect(
      lines.filter(({ lines }) => lines > (size === DESK ? 2 : 4)),
      at,
    ).toEqual([]);
  }
});

test('what looks like a button is one, and nothing shines through the header', async () => {
  expect(await styleOf('.top', 'background-color')).toMatch(/^rgb\(/);
  const off = page.locator('.tile .ablate').first();
  expect((await off.boundingBox())?.height).toBeGreaterThanOrEqual(24);
  const [border, ground] = await Promise.all(
    ['border-top-color', 'background-color'].map((p) => styleOf('.tile .ablate', p)),
  );
  expect([
    border === ground,
    await styleOf('.tile .ablate', 'border-top-style'),
    await styleOf('.tile .ablate', 'cursor'),
  ]).toEqual([false, 'solid', 'pointer']);
});

test('scores have a role’s colour only once roles may be said', async () => {
  const induction = await inPage((root) => {
    const probe = root.appendChild(document.createElement('i'));
    probe.style.color = 'var(--induction)';
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }, 'body');
  expect(await styleOf('.score .induction', 'background-color')).toBe(induction);
  await page.getByTestId('show-roles').uncheck();
  expect(await styleOf('.score .induction', 'background-color')).not.toBe(induction);
  await page.getByTestId('show-roles').check();
});

test('the readout never covers what is pointed at, leaves with the pointer, and closes on Escape', async () => {
  const readout = page.locator('.readout');
  for (const [tile, y] of [
    [0, 60],
    [5, 100],
  ] as const) {
    for (const block of ['start', 'end'] as const) {
      const canvas = page.locator('.tile canvas').nth(tile);
      await canvas.evaluate((e, where) => e.scrollIntoView({ block: where }), block);
      await canvas.hover({ position: { x: 10, y } });
      await page.getByTestId('cell').waitFor();
      const [said, about] = [await readout.boundingBox(), await canvas.boundingBox()];
      if (!said || !about) throw new Error('Nothing is read out.');
      expect(said.y >= about.y + about.height || said.y + said.height <= about.y).toBe(true);
    }
  }
  await page.keyboard.press('Escape');
  await page.getByTestId('no-cell').waitFor({ state: 'attached' });
  await page
    .locator('.tile canvas')
    .first()
    .hover({ position: { x: 10, y: 60 } });
  await page.getByTestId('cell').waitFor();
  await page.mouse.move(5, 5);
  await page.getByTestId('no-cell').waitFor({ state: 'attached' });
});

test('in forced colours bars, gauge, hues and pressed buttons are seen', async () => {
  await page.emulateMedia({ forcedColors: 'active' });
  const ground = await styleOf('body', 'background-color');
  for (const selector of ['.score .previous', '.score .induction', '.gauge .chance', '.chip[aria-pressed="true"]'])
    expect(await styleOf(selector, 'background-color'), selector).not.toBe(ground);
  expect(await styleOf('.chip[aria-pressed="true"]', 'background-color')).not.toBe(
    await styleOf('.chip[aria-pressed="false"]', 'background-color'),
  );
  expect(await styleOf('.score[aria-pressed="true"]', 'outline-style')).toBe('solid');
  const hues = await page
    .locator('.tile .head-name')
    .evaluateAll((all) => all.map((e) => getComputedStyle(e, '::before').backgroundColor));
  expect(new Set(hues).size).toBe(8);
});

/** The lesson has 6,400 words and 14 figures. */
const MOST_PAGES = 20;

test('on paper there is the lesson, without the bench and what is pressed, on a sensible number of pages', async () => {
  const pdf = (await page.pdf({ format: 'A4' })).toString('latin1');
  const pages = [...pdf.matchAll(/\/Type\s*\/Page\b/g)].length;
  expect(pages).toBeGreaterThan(8);
  expect(pages).toBeLessThanOrEqual(MOST_PAGES);
  await page.emulateMedia({ media: 'print' });
  for (const selector of ['.bench', '.top', '.story', '.show', '.exercise button'])
    expect(await page.locator(selector).first().isVisible(), selector).toBe(false);
  expect(await page.locator('.prepared img').first().isVisible()).toBe(true);
});

test('a loss of more than any gauge was made for is below its end', async () => {
  await visit(page, `preset=literal&seed=1&step=400&period=24&kernels=${KERNELS_VERSION}`);
  expect(Number(await page.getByTestId('loss-repeat').innerText())).toBeGreaterThan(10.4);
  const [gauge, bar, chance] = await Promise.all(
    ['.loss-now .gauge', '.loss-now .bar', '.loss-now .chance'].map(boxOf),
  );
  expect(bar!.width).toBeLessThan(gauge!.width);
  expect(chance!.x).toBeLessThan(bar!.x + bar!.width);
});

test('the evidence of a verdict looks as it did', async () => {
  await page.getByRole('button', { name: 'Model E' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.tile').length === 4);
  await page.getByTestId('badge').click();
  await page.locator('.verdict .map svg').waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Close' }).last().click(); // what is said of the model
  await page.locator('.verdict').evaluate((panel) => panel.scrollIntoView());
  await drawn();
  await comparePicture(page, 'verdict');
});

test('on a phone the teacher’s page and the report’s contents fit', async () => {
  await page.setViewportSize(NARROWEST);
  await page.goto(`${served.url}teacher.html`);
  expect(await spills()).toEqual([]);
  // Its links are of this page's kernels, so that none is warned of.
  const links = await page.locator('a[href*="#preset"]').evaluateAll((all) => all.map((e) => e.getAttribute('href')));
  expect(links.length).toBeGreaterThan(3);
  for (const link of links) expect(link).toMatch(new RegExp(`&kernels=${KERNELS_VERSION}$`));
  await page.setContent(`<!doctype html><style>${reportStyle}</style><main>${contents()}</main>`);
  expect(await spills()).toEqual([]);
  const boxes = await page
    .locator('nav a')
    .evaluateAll((all) => all.map((e) => e.getBoundingClientRect().toJSON() as DOMRect));
  const collide = boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom - 1 && b.top < a.bottom - 1),
  );
  expect(boxes.length).toBeGreaterThan(10);
  expect(collide).toEqual([]);
});
