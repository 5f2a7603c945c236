// Drawing figures and writing them to disk.
import { join } from 'node:path';
import { type FigureOptions, nodeDocument, svgToPng, type Theme } from '@induction-lab/figures/node';
import type { Told } from '../aside/host.ts';
import { writeWhole } from '../files/wholeFiles.ts';

/** Draws one figure in a theme, as wide as asked (pixels; 720 by default). */
export type Draw = (theme: Theme, width?: number) => string;

/** What every figure is drawn with in Node. */
export const figureOptions = (theme: Theme, width?: number): FigureOptions => ({
  theme,
  document: nodeDocument(),
  ...(width === undefined ? {} : { width }),
});

/** Writes figures as SVG and PNG, light and dark: NAME.svg, NAME.png, NAME-dark.svg, NAME-dark.png. */
export function writeFigures(folder: string, figures: Readonly<Record<string, Draw>>, told?: Told): void {
  const all = Object.entries(figures);
  let done = 0;
  for (const [name, draw] of all)
    for (const theme of ['light', 'dark'] as const) {
      const svg = draw(theme);
      const base = join(folder, theme === 'light' ? name : `${name}-dark`);
      writeWhole(`${base}.svg`, svg);
      writeWhole(`${base}.png`, svgToPng(svg));
      told?.(++done, 2 * all.length);
    }
}
