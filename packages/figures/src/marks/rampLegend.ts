import { draw, drawText, type Frame, fontSize, type KeyEntry, swatchSize } from '../frame/figureFrame.ts';
import { crispEdges } from '../frame/indexedPng.ts';
import { textWidth, wrapText } from '../frame/text.ts';

/** A colour scale as a bar. */
export interface RampLegend {
  /** What the colours mean. */
  readonly label: string;
  /** Data URI of an image one pixel high. */
  readonly image: string;
  /** Places along the bar, 0 to 1. */
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
  /** What else the figure's marks mean, beside the bar. */
  readonly entries: readonly KeyEntry[];
}

const [left, barWidth, barHeight] = [16, 190, 10];

/** Draws a colour scale with its ticks and further entries beside it, wrapped to the width, and moves `frame.top` below them. */
export function drawRampLegend(frame: Frame, { label, image, ticks, entries }: RampLegend): void {
  const { ink, muted } = frame.palette;
  const lines = wrapText(label, frame.width - 2 * left, fontSize);
  lines.forEach((line, i) => {
    drawText(frame, line, { x: left, y: frame.top + 10 + 15 * i, colour: ink });
  });
  const y = frame.top + 1 + 15 * lines.length;
  const box = { x: left, y, width: barWidth, height: barHeight };
  draw(frame, 'image', { class: 'ramp', ...box, href: image, preserveAspectRatio: 'none', ...crispEdges });
  for (const { at, text } of ticks) {
    const x = left + at * barWidth;
    draw(frame, 'line', { x1: x, x2: x, y1: y + barHeight, y2: y + barHeight + 3, stroke: muted, 'stroke-width': 1 });
    drawText(frame, text, { x, y: y + barHeight + 14, size: 10, anchor: 'middle', colour: muted });
  }
  let next = left + barWidth + 40;
  let row = y - 1;
  for (const { text, swatch } of entries) {
    const needed = swatchSize + 8 + textWidth(text, fontSize);
    if (next > left && next + needed > frame.width - 16) {
      next = left;
      row = Math.max(row, y + barHeight + 4) + 20;
    }
    swatch(next, row);
    drawText(frame, text, { x: next + swatchSize + 8, y: row + swatchSize - 1 });
    next += needed + 18;
  }
  frame.top = Math.max(y + barHeight, row) + 30;
}
