import { Resvg } from '@resvg/resvg-js';
import { convertIndexedToRgb, decode } from 'fast-png';
import { parseHTML } from 'linkedom';
import { textWidth } from '../src/frame/text.ts';
import type { Theme } from '../src/frame/theme.ts';
import { nodeDocument } from '../src/node.ts';

const document = nodeDocument();

/** Options for a figure drawn in a test. */
export function inTheme(theme: Theme, width = 720): { theme: Theme; document: Document; width: number } {
  return { theme, document, width };
}

/** A figure read back. Throws unless it is well-formed XML (resvg's parser is strict; linkedom's is not). */
export function readFigure(svg: string): SVGSVGElement {
  new Resvg(svg, { font: { loadSystemFonts: false } });
  return parseHTML(`<body>${svg}</body>`).document.querySelector('svg') as unknown as SVGSVGElement;
}

/** The texts drawn, without title and description. */
export function textsOf(figure: Element): string[] {
  return Array.from(figure.querySelectorAll('text'), (text) => text.textContent ?? '');
}

interface TextBox {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Boxes of all texts that our own code placed; turned ones have width and height exchanged. */
function textBoxes(figure: Element): TextBox[] {
  return Array.from(figure.querySelectorAll('text'), (element) => {
    const text = element.textContent ?? '';
    const size = Number(element.getAttribute('font-size') ?? 12);
    const width = textWidth(text, size, Number(element.getAttribute('font-weight') ?? 400) > 500);
    const shift = { start: 0, middle: 0.5, end: 1 }[element.getAttribute('text-anchor') ?? 'start'] ?? 0;
    const { x, y } = numbersOf(element, 'x', 'y');
    // Height from cap to baseline; turned by −90° a text runs upwards from (x, y).
    return element.getAttribute('transform')?.startsWith('rotate(-90')
      ? { text, left: x - 0.72 * size, right: x, top: y - (1 - shift) * width, bottom: y + shift * width }
      : { text, left: x - shift * width, right: x + (1 - shift) * width, top: y - 0.72 * size, bottom: y };
  });
}

/** What is wrong with where a figure's texts stand: pairs that overlap, and texts that leave the figure. */
export function misplacedTexts(figure: Element): string[] {
  const { width, height } = numbersOf(figure, 'width', 'height');
  const boxes = textBoxes(figure);
  const outside = boxes.filter(
    ({ left, right, top, bottom }) => left < 0 || right > width || top < 0 || bottom > height,
  );
  const overlaps = boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
      .map((b) => `"${a.text}" overlaps "${b.text}"`),
  );
  return [...outside.map(({ text }) => `"${text}" leaves the figure`), ...overlaps];
}

/** Numbers of an element's attributes. */
export function numbersOf<Name extends string>(element: Element, ...names: Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, Number(element.getAttribute(name))])) as Record<Name, number>;
}

/** The pixel of an image element, [red, green, blue, alpha]. */
export function pixelOf(image: Element, { column, row }: { column: number; row: number }): number[] {
  const href = image.getAttribute('href') ?? '';
  const png = decode(Buffer.from(href.slice(href.indexOf(',') + 1), 'base64'));
  const rgba = convertIndexedToRgb(png);
  const at = 4 * (row * png.width + column);
  return Array.from(rgba.slice(at, at + 4));
}

/** A figure as kept in a snapshot: one element per line, images without their bytes. */
export function snapshotOf(svg: string): string {
  return `${svg.replace(/href="data:[^"]*"/g, 'href="(png)"').replace(/></g, '>\n<')}\n`;
}
