import { draw, drawText, type Frame, fontSize } from '../frame/figureFrame.ts';
import { textWidth } from '../frame/text.ts';
import type { StepAxis } from '../scales/stepAxis.ts';
import type { ValueScale } from '../scales/valueScale.ts';

/** The rectangle between a plot's axes, in figure pixels. */
export interface PlotBox {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly foot: number;
}

/** Names the axis of values above a plot. */
export const drawAxisName = (frame: Frame, name: string): void =>
  drawText(frame, name, { x: 16, y: frame.top + 10, colour: frame.palette.muted });

/** Names a horizontal axis, centred below it. */
export function drawNameBelow(
  frame: Frame,
  name: string,
  { left, right, y }: { left: number; right: number; y: number },
): void {
  drawText(frame, name, { x: (left + right) / 2, y, anchor: 'middle', colour: frame.palette.muted });
}

/** Draws a horizontal line through a plot: solid as its foot, dashed at a value worth comparing with. */
export function drawLevel(
  frame: Frame,
  { left, right }: Pick<PlotBox, 'left' | 'right'>,
  { y, dash, data }: { y: number; dash?: string; data?: Readonly<Record<`data-${string}`, string | number>> },
): void {
  const line = { x1: left, x2: right, y1: y, y2: y, stroke: frame.palette.muted, 'stroke-width': 1 };
  draw(frame, 'line', { ...data, ...line, 'stroke-dasharray': dash });
}

/** Draws grid lines and tick labels of a vertical axis of values; returns where a value stands. */
export function drawValueAxis(
  frame: Frame,
  { left, right, top, foot }: PlotBox,
  scale: ValueScale,
): (v: number) => number {
  const y = (value: number) => foot - (foot - top) * scale.fraction(value);
  for (const tick of scale.ticks) {
    draw(frame, 'line', {
      x1: left,
      x2: right,
      y1: y(tick),
      y2: y(tick),
      stroke: frame.palette.faint,
      'stroke-width': 1,
    });
    drawText(frame, scale.format(tick), { x: left - 8, y: y(tick) + 4, anchor: 'end', colour: frame.palette.muted });
  }
  return y;
}

/** Draws grid lines and tick labels of a horizontal axis of values, leaving out labels that would touch; returns where a value stands. */
export function drawValueAxisBelow(
  frame: Frame,
  { left, right, top, foot }: PlotBox,
  scale: ValueScale,
): (value: number) => number {
  const { faint, muted } = frame.palette;
  const x = (value: number) => left + (right - left) * scale.fraction(value);
  for (const tick of scale.ticks)
    draw(frame, 'line', { x1: x(tick), x2: x(tick), y1: top, y2: foot, stroke: faint, 'stroke-width': 1 });
  drawTickLabels(
    frame,
    scale.ticks.map((tick) => ({ x: x(tick), text: scale.format(tick) })),
    { y: foot + 16, colour: muted },
  );
  return x;
}

/** Writes labels centred below their ticks: every one, or every second, third … so that none touch. */
function drawTickLabels(
  frame: Frame,
  labels: readonly { x: number; text: string }[],
  { y, colour }: { y: number; colour: string },
): void {
  const half = labels.map(({ text }) => textWidth(text, fontSize) / 2);
  const touch = (i: number, j: number) => labels[j]!.x - half[j]! < labels[i]!.x + half[i]! + 5;
  let stride = 1;
  while (labels.some((_, i) => i % stride === 0 && i + stride < labels.length && touch(i, i + stride))) stride++;
  labels.forEach(({ x, text }, i) => {
    if (i % stride === 0) drawText(frame, text, { x, y, anchor: 'middle', colour });
  });
}

/** Draws an axis of training steps below a plot, leaving out tick labels that would touch; takes 42 pixels. */
export function drawStepAxis(frame: Frame, axis: StepAxis, { left, right, foot }: Omit<PlotBox, 'top'>): void {
  const { muted } = frame.palette;
  drawLevel(frame, { left, right }, { y: foot });
  const [start, end] = axis.scale.domain;
  const ticks = axis.ticks.map((place) => ({
    x: left + ((place - start) / (end - start)) * (right - left),
    text: axis.format(place),
  }));
  for (const { x } of ticks)
    draw(frame, 'line', { x1: x, x2: x, y1: foot, y2: foot + 5, stroke: muted, 'stroke-width': 1 });
  drawTickLabels(frame, ticks, { y: foot + 18, colour: muted });
  if (axis.breakAt !== null) drawBreak(frame, left + axis.breakAt * (right - left), foot);
  drawNameBelow(frame, axis.label, { left, right, y: foot + 38 });
}

function drawBreak(frame: Frame, x: number, y: number): void {
  const { background, muted } = frame.palette;
  draw(frame, 'path', { d: `M${x - 3},${y}L${x + 3},${y}`, stroke: background, 'stroke-width': 4 });
  draw(frame, 'path', {
    d: `M${x - 5},${y + 4}L${x - 1},${y - 4}M${x + 1},${y + 4}L${x + 5},${y - 4}`,
    stroke: muted,
    fill: 'none',
  });
}
