// Pictures of main views, held against those that are kept in pictures/. `npm run lab:pictures` takes them anew.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode } from 'fast-png';
import pixelmatch from 'pixelmatch';
import type { BrowserContextOptions, Page } from 'playwright-core';

const kept = fileURLToPath(new URL('pictures/', import.meta.url));
const fonts = fileURLToPath(new URL('../../../packages/figures/dist/fonts/', import.meta.url));

/** Pixels of the screen, squared, to one that is kept: edges of letters, which differ from browser to browser, are evened out. */
const BLOCK = 2;
/** How far two colours may be apart, from 0 to 1: a shade of a letter's edge, not the colour of a bar. */
const THRESHOLD = 0.2;
/** Share of the picture that may differ. The fonts of another machine are not there, since the page has ours. */
export const TOLERANCE = 0.02;

const face = (file: string, weight: string): string =>
  `@font-face { font-family: Pictures; font-weight: ${weight}; src: url(data:font/ttf;base64,${readFileSync(fonts + file, 'base64')}); }`;

/** The page's letters, the same on every machine, and nothing that moves. */
const STYLE = `${face('DejaVuSans.ttf', '100 500')} ${face('DejaVuSans-Bold.ttf', '600 900')}
:root { --sans: Pictures; --serif: Pictures; --mono: Pictures; } svg, svg * { font-family: Pictures; }
*, ::before, ::after { animation: none !important; transition: none !important; caret-color: transparent !important; }
.facts { visibility: hidden; }`; // how many threads the machine has

/** With this a page may be given our style; its own policy forbids foreign ones. */
export const PICTURE_CONTEXT: BrowserContextOptions = { bypassCSP: true, reducedMotion: 'reduce' };

/** Gives the page our letters before it draws its first. */
export const setLetters = (page: Page): Promise<void> =>
  page.addInitScript((css) => {
    addEventListener('DOMContentLoaded', () => {
      document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
      void Promise.all(['400', '700'].map((weight) => document.fonts.load(`${weight} 12px Pictures`)));
    });
  }, STYLE);

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A picture of BLOCK times fewer pixels a side, RGBA. */
function reduced(png: Uint8Array): Picture {
  const { width, height, channels, data } = decode(png);
  const [w, h] = [Math.floor(width / BLOCK), Math.floor(height / BLOCK)];
  const out = new Uint8Array(4 * w * h).fill(255);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++)
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let i = 0; i < BLOCK * BLOCK; i++)
          sum += data[((BLOCK * y + Math.floor(i / BLOCK)) * width + BLOCK * x + (i % BLOCK)) * channels + c] as number;
        out[4 * (y * w + x) + c] = Math.round(sum / BLOCK ** 2);
      }
  return { width: w, height: h, data: out };
}

const written = ({ width, height, data }: Picture): Uint8Array =>
  encode({ width, height, data, channels: 4, depth: 8 });

/** What is shown, as a picture to be kept or compared. */
export const pictureOf = async (page: Page): Promise<Picture> => reduced(await page.screenshot({ scale: 'css' }));

/** Share of two pictures that differs, 0 to 1, and where. Pictures of different sizes differ altogether. */
export function difference(a: Picture, b: Picture): { share: number; where: Picture } {
  const { width, height } = a;
  const where = { width, height, data: new Uint8Array(4 * width * height) };
  if (width !== b.width || height !== b.height) return { share: 1, where };
  const count = pixelmatch(a.data, b.data, where.data, width, height, { threshold: THRESHOLD });
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
  if (!existsSync(file)) throw new Error(`There is no picture ${name}: npm run lab:pictures takes it.`);
  const { share, where } = difference(asKept(readFileSync(file)), now);
  if (share <= TOLERANCE) return;
  const beside = (what: string): string => join(tmpdir(), `lab-${name}-${what}.png`);
  writeFileSync(beside('now'), written(now));
  writeFileSync(beside('differs'), written(where));
  throw new Error(
    `${(100 * share).toFixed(1)} % of the picture ${name} differ (allowed: ${100 * TOLERANCE} %): look at ${beside('now')} and ${beside('differs')}. Where that is as it should be, npm run lab:pictures takes the pictures anew.`,
  );
}

/** A kept picture, as it is. */
function asKept(png: Uint8Array): Picture {
  const { width, height, data } = decode(png);
  return { width, height, data: Uint8Array.from(data) };
}
