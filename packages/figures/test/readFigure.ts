import { Resvg } from '@resvg/resvg-js';
import { convertIndexedToRgb, decode } from 'fast-png';
import { parseHTML } from 'linkedom';
import { nodeDocument } from '../src/node.ts';
import type { Theme } from '../src/theme.ts';

const document = nodeDocument();

/** Options for a figure drawn in a test. */
export function inTheme(theme: Theme): { theme: Theme; document: Document } {
  return { theme, document };
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
