import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';

// The build copies them there, also for when this file runs from src.
const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) =>
  fileURLToPath(new URL(`../dist/fonts/${file}`, import.meta.url)),
);

/**
 * Renders a figure of this package as PNG bytes. `width` is in pixels, by default twice the figure's own. Text is set in DejaVu Sans, which
 * comes with the package, so that the picture is the same on every machine.
 *
 * Throws on an 'auto' figure, whose colours only a page can decide, on text that is not SVG, and where the fonts are missing.
 * @param svg The text of a figure that was drawn in a concrete theme.
 */
export function svgToPng(svg: string, options: { readonly width?: number } = {}): Uint8Array {
  if (svg.includes('var(--figure-')) {
    throw new Error(
      "svgToPng: the figure has theme 'auto', whose colours come from a page; draw it with theme 'light' or 'dark'.",
    );
  }
  const absent = fontFiles.find((file) => !existsSync(file)); // resvg would leave the text out without a word
  if (absent !== undefined)
    throw new Error(`svgToPng: the font ${absent} is missing; install or build the package again.`);
  const own = Number(/^<svg[^>]* width="([\d.]+)"/.exec(svg)?.[1]);
  if (!(own > 0))
    throw new Error('svgToPng: expected SVG text with a width in pixels; pass what a chart function returned.');
  const width = options.width ?? 2 * own;
  if (!Number.isInteger(width) || width < 1)
    throw new Error(
      `svgToPng: width is ${width}, expected a whole number of pixels; leave it out for twice the figure's.`,
    );
  // resvg smooths images unless the attribute says otherwise, and a style it does not know hides the attribute.
  const crisp = svg.replaceAll(' style="image-rendering:pixelated"', '');
  const resvg = new Resvg(crisp, {
    fitTo: { mode: 'width', value: width },
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  });
  return resvg.render().asPng();
}
