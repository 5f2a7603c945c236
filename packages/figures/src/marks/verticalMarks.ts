import { draw, drawPlatedText, drawText, type Frame, fontSize } from '../frame/figureFrame.ts';
import { textWidth } from '../frame/text.ts';

/** A vertical line through a plot, named above it; `x` in figure pixels. */
export interface VerticalMark {
  readonly x: number;
  readonly label: string;
  readonly data?: Readonly<Record<`data-${string}`, string | number>>;
}

interface PlacedMark extends VerticalMark {
  readonly start: number;
  readonly row: number;
}

const rowHeight = 16;

/** The labels of vertical marks, placed in as many rows as keep them apart. */
export interface MarkRows {
  readonly marks: readonly PlacedMark[];
  /** Height of all rows, in pixels; 6 without any, as room above the plot. */
  readonly height: number;
}

/** Places each label to the right of its line, so that the line of an earlier mark does not run through a later mark's text. */
export function placeMarks(marks: readonly VerticalMark[], [left, right]: readonly [number, number]): MarkRows {
  const rows: number[] = [];
  const placed = marks
    .filter(({ x }) => x >= left - 0.5 && x <= right + 0.5)
    .sort((a, b) => a.x - b.x)
    .map((mark) => {
      const width = textWidth(mark.label, fontSize);
      const start = Math.max(left, Math.min(right - width, mark.x - 4));
      let row = rows.findIndex((end) => end + 12 <= start);
      if (row < 0) row = rows.length;
      rows[row] = start + width;
      return { ...mark, start, row };
    });
  return { marks: placed, height: rows.length * rowHeight + 6 };
}

/** Draws the labels from `top` down, and the lines from there to `foot`. */
export function drawMarks(
  frame: Frame,
  { marks }: MarkRows,
  { top, foot, dash }: { top: number; foot: number; dash?: string },
): void {
  for (const { x, row, data } of marks) {
    draw(frame, 'line', {
      ...data,
      x1: x,
      x2: x,
      y1: top + row * rowHeight + 15,
      y2: foot,
      stroke: frame.palette.muted,
      'stroke-width': 1,
      'stroke-dasharray': dash,
    });
  }
  for (const { label, start, row } of marks) {
    const y = top + row * rowHeight + 11;
    const end = start + textWidth(label, fontSize);
    // Labels held back at the right edge may lie over the line of an earlier mark.
    if (marks.some((mark) => mark.row < row && mark.x > start - 2 && mark.x < end + 2))
      drawPlatedText(frame, label, { x: start, y });
    else drawText(frame, label, { x: start, y, halo: true });
  }
}
