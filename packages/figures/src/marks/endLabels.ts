import { draw, drawText, type Frame, fontSize } from '../frame/figureFrame.ts';
import { textWidth } from '../frame/text.ts';
import type { PlotBox } from './axes.ts';

/** A line's name, written at its right end. */
export interface EndLabel {
  readonly text: string;
  readonly colour: string;
  /** Where the labelled line ends, on the axis of values. */
  readonly value: number;
  readonly weight?: number;
}

const labelSpacing = 15;

/** Moves positions apart to at least `spacing`, keeps their order and stays within [low, high] where there is room. */
export function spreadPositions(
  positions: readonly number[],
  spacing: number,
  [low, high]: readonly [number, number],
): number[] {
  const order = positions.map((_, i) => i).sort((a, b) => positions[a]! - positions[b]! || a - b);
  const placed = order.map((i) => Math.max(low, Math.min(high, positions[i]!)));
  // Overlapping neighbours merge into a block centred on the mean of what it holds (pool adjacent violators).
  const blocks: { sum: number; members: number[] }[] = [];
  placed.forEach((position) => {
    blocks.push({ sum: position, members: [position] });
    while (blocks.length > 1) {
      const last = blocks[blocks.length - 1]!;
      const before = blocks[blocks.length - 2]!;
      const half = ((last.members.length + before.members.length) / 2) * spacing;
      if (last.sum / last.members.length - before.sum / before.members.length >= half) break;
      blocks.pop();
      before.sum += last.sum;
      before.members.push(...last.members);
    }
  });
  const result: number[] = new Array(positions.length);
  let next = 0;
  for (const { sum, members } of blocks) {
    const extent = (members.length - 1) * spacing;
    const centre = sum / members.length;
    const start = Math.max(low, Math.min(high - extent, centre - extent / 2));
    members.forEach((_, i) => {
      result[order[next++]!] = start + i * spacing;
    });
  }
  return result;
}

/** The margin that end labels need on the right of a plot, in pixels. */
export function endLabelMargin(labels: readonly { text: string }[]): number {
  return 30 + Math.max(...labels.map(({ text }) => textWidth(text, fontSize, true)));
}

/**
 * Labels lines at their right end: names instead of a legend, moved apart where lines end close together, with a short leader. `inset`
 * keeps them so many pixels below the box's top and above its foot.
 */
export function drawEndLabels(
  frame: Frame,
  labels: readonly EndLabel[],
  { box, y: place, inset }: { box: PlotBox; y: (value: number) => number; inset: readonly [top: number, foot: number] },
): void {
  const ends = labels.map(({ value }) => place(value));
  const positions = spreadPositions(ends, labelSpacing, [box.top + inset[0], box.foot - inset[1]]);
  const x = box.right;
  labels.forEach(({ text, colour, weight }, i) => {
    const [y, at] = [ends[i]!, positions[i]!];
    const d = `M${x + 2},${y}L${x + 6},${y}L${x + 12},${at}L${x + 15},${at}`;
    draw(frame, 'path', { d, fill: 'none', stroke: colour, 'stroke-width': 1, 'stroke-opacity': 0.6 });
    drawText(frame, text, { x: x + 18, y: at + 4, colour, ...(weight === undefined ? {} : { weight }) });
  });
}
