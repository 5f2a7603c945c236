import { serialiseSvg, svgElement } from './svg.ts';
import { textWidth, wrapText } from './text.ts';
import { type Palette, paletteOf, type Theme } from './theme.ts';

/** How to draw a figure, apart from what it shows. */
export interface FigureOptions {
  /** Default 'auto': colours follow the page, see `figureCss`. PNG files need 'light' or 'dark'. */
  readonly theme?: Theme;
  /** The document that makes the elements; default `globalThis.document`. In Node pass `nodeDocument()` of `@induction-lab/figures/node`. */
  readonly document?: Document;
  /** Width in pixels, default 720, at least 320. */
  readonly width?: number;
  /** False where the page says the title beside the figure: it is then the text alternative alone. */
  readonly heading?: boolean;
}

/** A figure under construction: `root` holds what is drawn, `top` is the first free row below the heading. */
export interface Frame {
  readonly document: Document;
  readonly palette: Palette;
  readonly theme: Theme;
  readonly root: SVGElement;
  readonly width: number;
  top: number;
}

export const fontSize = 12;
const titleSize = 16;
const padding = 16;
const fontFamily = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";

/** Opens a figure with its text alternative (title and description) and draws the title, wrapped to the width. */
export function beginFigure(
  where: string,
  { title, description }: { title: string; description: string },
  options: FigureOptions,
): Frame {
  const document = options.document ?? globalThis.document;
  if (!document)
    throw new Error(
      `${where}: no document here; in Node pass document: nodeDocument() of @induction-lab/figures/node.`,
    );
  const width = options.width ?? 720;
  if (!(width >= 320 && width <= 10_000))
    throw new Error(`${where}: width is ${width}, expected 320 to 10000 pixels; leave it out for 720.`);
  if (title.trim() === '') throw new Error(`${where}: title is empty; say what the figure shows.`);
  const theme = options.theme ?? 'auto';
  const palette = paletteOf(theme);
  const root = svgElement(
    document,
    'svg',
    {
      role: 'img',
      'font-family': fontFamily,
      'font-size': fontSize,
      color: palette.ink,
      style: 'max-width:100%;height:auto',
    },
    svgElement(document, 'title', {}, title),
    svgElement(document, 'desc', {}, description),
  );
  const frame: Frame = { document, palette, theme, root, width, top: 0 };
  if (options.heading === false) {
    frame.top = 4;
    return frame;
  }
  let y = padding;
  for (const line of wrapText(title, width - 2 * padding, titleSize, true)) {
    y += titleSize;
    drawText(frame, line, { x: padding, y, size: titleSize, weight: 600 });
    y += 4;
  }
  frame.top = y + 12;
  return frame;
}

/** Closes a figure of the given height and returns it as SVG text. Concrete themes get a background, 'auto' shows the page's. */
export function finishFigure(frame: Frame, height: number): string {
  const { document, root, width, palette } = frame;
  const rounded = 2 * Math.ceil(height / 2);
  root.setAttribute('width', String(width));
  root.setAttribute('height', String(rounded));
  root.setAttribute('viewBox', `0 0 ${width} ${rounded}`);
  if (frame.theme !== 'auto') {
    const background = svgElement(document, 'rect', { width, height: rounded, fill: palette.background });
    root.insertBefore(background, root.childNodes[2] ?? null);
  }
  return serialiseSvg(root);
}

export interface TextStyle {
  x: number;
  y: number;
  size?: number;
  weight?: number;
  anchor?: 'start' | 'middle' | 'end';
  colour?: string;
  /** Degrees, about (x, y). */
  rotate?: number;
  /** Draws an outline in the background's colour, so that the text reads over lines. */
  halo?: boolean;
}

/** Draws one line of text; `y` is its baseline. */
export function drawText(frame: Frame, text: string, style: TextStyle): void {
  const { x, y, size, weight, anchor, colour, rotate, halo } = style;
  const attributes = {
    x,
    y,
    'font-size': size,
    'font-weight': weight,
    'text-anchor': anchor,
    transform: rotate === undefined ? undefined : `rotate(${rotate} ${x} ${y})`,
    fill: colour ?? frame.palette.ink,
    ...(halo
      ? { stroke: frame.palette.background, 'stroke-width': 4, 'stroke-linejoin': 'round', 'paint-order': 'stroke' }
      : {}),
  };
  frame.root.appendChild(svgElement(frame.document, 'text', attributes, text));
}

/** Draws a text that starts at `x` on a plate in the background's colour, which interrupts the lines that it lies over. */
export function drawPlatedText(frame: Frame, text: string, style: Omit<TextStyle, 'anchor' | 'rotate' | 'halo'>): void {
  const { x, y, size = fontSize, weight = 400 } = style;
  const width = textWidth(text, size, weight > 500) + 4;
  const { background } = frame.palette;
  draw(frame, 'rect', { x: x - 2, y: y - size + 1, width, height: size + 3, fill: background });
  drawText(frame, text, style);
}

/** Draws any other element onto the figure. */
export function draw(frame: Frame, name: string, attributes: Record<string, string | number | undefined>): void {
  frame.root.appendChild(svgElement(frame.document, name, attributes));
}

export interface KeyEntry {
  readonly text: string;
  /** Draws the swatch into a box of `swatchSize` whose top left corner is (x, y). */
  readonly swatch: (x: number, y: number) => void;
  /** Width of the swatch where it is not `swatchSize`. */
  readonly swatchWidth?: number;
}

export const swatchSize = 11;

/** Draws a key (swatches with their names) below the heading, wrapped to the width, and moves `frame.top` below it. */
export function drawKey(frame: Frame, entries: readonly KeyEntry[]): void {
  if (entries.length === 0) return;
  let x = padding;
  let y = frame.top;
  for (const { text, swatch, swatchWidth = swatchSize } of entries) {
    const width = swatchWidth + 6 + textWidth(text, fontSize);
    if (x > padding && x + width > frame.width - padding) {
      x = padding;
      y += 20;
    }
    swatch(x, y);
    drawText(frame, text, { x: x + swatchWidth + 6, y: y + swatchSize - 1, colour: frame.palette.ink });
    x += width + 18;
  }
  frame.top = y + swatchSize + 12;
}
