// Pictures of main views, held against those that are kept in pictures/. `UPDATE=1 npx vitest run looks.browser` takes them anew.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode } from 'fast-png';
import pixelmatch from 'pixelmatch';
import type { BrowserContextOptions, Page } from 'playwright-core';

const ANEW = 'UPDATE=1 npx vitest run looks.browser';

const kept = fileURLToPath(new URL('pictures/', import.meta.url));
const fonts = fileURLToPath(new URL('../../../packages/figures/dist/fonts/', import.meta.url));

/** How far two colours may be apart, from 0 to 1: a shade of a letter's edge, not the colour of a bar. */
const THRESHOLD = 0.15;
/**
 * Share of a picture that may differ. Measured: without Chromium's subpixel positions, or drawn with twice the pixels, 0.0004 of a
 * view differ; without the curve 0.002, without the tiles 0.04.
 */
export const TOLERANCE = 0.0015;

const face = (file: string, weight: string): string =>
  `@font-face { font-family: Pictures; font-weight: ${weight}; src: url(data:font/ttf;base64,${readFileSync(fonts + file, 'base64')}); }`;

/** The page's letters, the same on every machine, and nothing that moves. */
const STYLE = `${face('DejaVuSans.ttf', '100 500')} ${face('DejaVuSans-Bold.ttf', '600 900')}
:root { --sans: Pictures; --serif: Pictures; --mono: Pictures; } svg, svg * { font-family: Pictures; }
*, ::before, ::after { animation: none !important; transition: none !important; caret-color: transparent !important; }`;

/** Not in a picture: how many threads there are, what is measured when it rests, and the lesson, which is written anew. */
const LEFT_OUT = '.facts, .sweep, #lesson { visibility: hidden !important; }';

/** With this a page may be given our style; its own policy forbids foreign ones. */
export const PICTURE_CONTEXT: BrowserContextOptions = { bypassCSP: true, reducedMotion: 'reduce' };

/** Gives the page our letters before it draws its first. */
export async function setLetters(page: Page): Promise<void> {
  await page.addInitScript((css) => {
    addEventListener('DOMContentLoaded', () => {
      document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
      void Promise.all(['400', '700'].map((weight) => document.fonts.load(`${weight} 12px Pictures`)));
    });
  }, STYLE);
}

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** As RGBA, without what a PNG may leave out. */
function opened(png: Uint8Array): Picture {
  const { width, height, channels, data } = decode(png);
  const rgba = new Uint8Array(4 * width * height).fill(255);
  for (let at = 0; at < width * height; at++)
    for (let c = 0; c < 3; c++) rgba[4 * at + c] = data[channels * at + c] as number;
  return { width, height, data: rgba };
}

/** Half as wide and high, a pixel for the mean of four: the edges of letters, which differ from browser to browser, are evened out. */
function halved({ width, height, data }: Picture): Picture {
  const [w, h] = [width >> 1, height >> 1];
  const half = new Uint8Array(4 * w * h);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++)
      for (let c = 0; c < 4; c++) {
        const at = (row: number, column: number): number =>
          data[4 * ((2 * y + row) * width + 2 * x + column) + c] as number;
        half[4 * (y * w + x) + c] = Math.round((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4);
      }
  return { width: w, height: h, data: half };
}

const written = ({ width, height, data }: Picture): Uint8Array =>
  encode({ width, height, data, channels: 4, depth: 8 });

/** What is shown, as a picture to be kept or compared. */
export const pictureOf = async (page: Page): Promise<Picture> =>
  halved(opened(await page.screenshot({ scale: 'css', style: LEFT_OUT })));

/** Share of two pictures that differs, 0 to 1, and where. Pictures of different sizes differ altogether. */
export function difference(a: Picture, b: Picture): { share: number; where: Picture } {
  const [one, other] = [halved(a), halved(b)];
  const { width, height } = one;
  const where = { width, height, data: new Uint8Array(4 * width * height) };
  if (a.width !== b.width || a.height !== b.height) return { share: 1, where };
  const count = pixelmatch(one.data, other.data, where.data, width, height, { threshold: THRESHOLD });
  return { share: count / (width * height), where };
}

/** Compares what is shown with the picture of that name; where UPDATE is set it is written instead. Throws where they differ. */
export async function comparePicture(page: Page, name: string): Promise<void> {
  const file = `${kept}${name}.png`;
  const now = await pictureOf(page);
  if (process.env.UPDATE) {
    mkdirSync(kept, { recursive: true });
    writeFileSync(file, written(now));
    return;
  }
  if (!existsSync(file)) throw new Error(`There is no picture ${name}: ${ANEW} takes it.`);
  const { share, where } = difference(opened(readFileSync(file)), now);
  if (share <= TOLERANCE) return;
  const beside = (what: string): string => join(tmpdir(), `lab-${name}-${what}.png`);
  writeFileSync(beside('now'), written(now));
  writeFileSync(beside('differs'), written(where));
  throw new Error(
    `${(100 * share).toFixed(2)} % of the picture ${name} differ (allowed: ${100 * TOLERANCE} %): look at ${beside('now')} and ${beside('differs')}. Where that is as it should be, ${ANEW} takes the pictures anew.`,
  );
}
