import { draw, drawText, type Frame, swatchSize } from '../frame/figureFrame.ts';
import { crispEdges } from '../frame/indexedPng.ts';
import { patternImage, rampImage } from '../marks/patternImage.ts';
import { drawRampLegend } from '../marks/rampLegend.ts';
import { rampPosition, weightScaleName } from '../scales/colourRamp.ts';

/** The diagonal on which a kind of head puts its weight: key = query − offset, for queries `fromQuery` to `toQuery`, both included. */
export interface Stripe {
  /** How many positions before the query the key lies. */
  readonly offset: number;
  /** The first query that has one. */
  readonly fromQuery: number;
  /** The last query that has one. */
  readonly toQuery: number;
}

/** One heatmap: where it stands (top left corner and side, in pixels) and what it shows. */
export interface Panel {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  /** Shape [queryPos, keyPos], row-major. */
  readonly pattern: ArrayLike<number>;
  readonly size: number;
  readonly stripe?: Stripe | null | undefined;
  readonly marked: boolean;
  /** Which sides carry tick labels. */
  readonly ticks: { readonly left: boolean; readonly bottom: boolean };
  readonly data: Readonly<Record<`data-${string}`, string | number>>;
}

/** Throws unless the stripe lies inside a pattern of this size. */
export function checkStripe(where: string, { offset, fromQuery, toQuery }: Stripe, size: number): void {
  const whole = [offset, fromQuery, toQuery].every(Number.isInteger);
  if (!whole || offset < 0 || fromQuery > toQuery || fromQuery - offset < 0 || toQuery >= size) {
    throw new Error(
      `${where}: stripe { offset: ${offset}, fromQuery: ${fromQuery}, toQuery: ${toQuery} } leaves a pattern of size ${size}; ` +
        'pass offset <= fromQuery <= toQuery < size (for period P: offset P - 1, queries from P on).',
    );
  }
}

/** Mean weight on the stripe. */
export function stripeMean(pattern: ArrayLike<number>, size: number, { offset, fromQuery, toQuery }: Stripe): number {
  let sum = 0;
  for (let query = fromQuery; query <= toQuery; query++) sum += pattern[query * size + query - offset]!;
  return sum / (toQuery - fromQuery + 1);
}

/** Draws a pattern as a pixel image with its border, the stripe's outline and ticks. */
export function drawPatternPanel(frame: Frame, panel: Panel): void {
  const { x, y, side, pattern, size, stripe, marked, data } = panel;
  const { ink, faint } = frame.palette;
  if (marked) {
    draw(frame, 'rect', {
      x: x - 3,
      y: y - 3,
      width: side + 6,
      height: side + 6,
      fill: 'none',
      stroke: ink,
      'stroke-width': 1.75,
    });
  }
  draw(frame, 'rect', {
    x: x - 0.5,
    y: y - 0.5,
    width: side + 1,
    height: side + 1,
    fill: 'none',
    stroke: faint,
    'stroke-width': 1,
  });
  draw(frame, 'image', {
    class: 'pattern',
    ...data,
    x,
    y,
    width: side,
    height: side,
    href: patternImage(pattern, size, frame.theme),
    ...crispEdges,
  });
  if (stripe) drawStripe(frame, panel, stripe);
  drawTicks(frame, panel);
}

/** Half the distance between the stripe's two lines, in cells: corners of its cells lie 1 off its centre, so the data stay free. */
const stripeClearance = 1.7;

function drawStripe(frame: Frame, { x, y, side, size }: Panel, { offset, fromQuery, toQuery }: Stripe): void {
  const cell = side / size;
  const line = (shift: number) => {
    // Clipped to the panel by hand: a clip path would need an id.
    const from = Math.max(fromQuery, offset - shift);
    const to = toQuery + 1;
    const at = (query: number) =>
      `${(x + (query - offset + shift) * cell).toFixed(2)},${(y + query * cell).toFixed(2)}`;
    return `M${at(from)}L${at(to)}`;
  };
  const d = line(stripeClearance) + line(-stripeClearance);
  draw(frame, 'path', {
    d,
    fill: 'none',
    stroke: stripeColour(frame),
    'stroke-width': 0.9,
    'stroke-dasharray': '3 2.5',
    'stroke-opacity': 0.85,
  });
}

function stripeColour({ palette, theme }: Frame): string {
  return theme === 'auto' ? '#ff9f40' : palette.orange;
}

function drawTicks(frame: Frame, { x, y, side, size, ticks }: Panel): void {
  const cell = side / size;
  const positions = side < 70 || size < 3 ? [0, size - 1] : [0, Math.floor(size / 2), size - 1];
  for (const position of new Set(positions)) {
    const at = (position + 0.5) * cell;
    if (ticks.left)
      drawText(frame, String(position), {
        x: x - 6,
        y: y + at + 3.5,
        size: 10,
        anchor: 'end',
        colour: frame.palette.muted,
      });
    if (ticks.bottom) {
      drawText(frame, String(position), {
        x: x + at,
        y: y + side + 14,
        size: 10,
        anchor: 'middle',
        colour: frame.palette.muted,
      });
    }
  }
}

/** Draws the colour scale with its ticks, a swatch for the future and one for the stripe, and moves `frame.top` below them. */
export function drawPatternLegend(frame: Frame, stripes: readonly Stripe[]): void {
  const future = (x: number, y: number) =>
    draw(frame, 'rect', {
      x: x + 0.5,
      y,
      width: swatchSize,
      height: swatchSize,
      fill: 'none',
      stroke: frame.palette.faint,
      'stroke-width': 1,
    });
  const stripe = (x: number, y: number) =>
    draw(frame, 'path', {
      d: `M${x - 2},${y + 2}l8,8m0,-8l8,8`,
      fill: 'none',
      stroke: stripeColour(frame),
      'stroke-width': 1,
      'stroke-dasharray': '3 2.5',
    });
  const offsets = [...new Set(stripes.map(({ offset }) => offset))];
  const stripeName = offsets.length === 1 ? `expected stripe: key = query − ${offsets[0]}` : 'expected stripe';
  drawRampLegend(frame, {
    label: `attention weight (${weightScaleName})`,
    image: rampImage(frame.theme),
    ticks: [0, 0.05, 0.2, 0.5, 1].map((weight) => ({ at: rampPosition(weight), text: String(weight) })),
    entries: [
      { text: 'future (masked)', swatch: future },
      ...(offsets.length > 0 ? [{ text: stripeName, swatch: stripe }] : []),
    ],
  });
}
