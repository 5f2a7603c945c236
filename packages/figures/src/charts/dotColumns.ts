import { draw, drawText, type Frame } from '../frame/figureFrame.ts';
import { textWidth, wrapText } from '../frame/text.ts';
import { drawKindMark, type KindStyle } from '../marks/kinds.ts';

/** One run of a setting. */
export interface SettingRun {
  /** The run's result, in the record's unit. */
  readonly value: number;
  /** Which run it is, such as "seed 3". */
  readonly label: string;
  /** What became of it, such as "induction" or "positional": it decides the dot's shape and colour. */
  readonly kind: string;
}

/** The runs of one setting. */
export interface SettingRuns {
  /** The setting, such as "24–25" or "5 %". */
  readonly x: string;
  readonly runs: readonly SettingRun[];
  /** What stands for them all, such as their median, with its interval; not finite for none. Drawn behind the dots. */
  readonly summary?: {
    readonly value: number;
    readonly interval: readonly [low: number, high: number];
  };
}

/** Sideways offsets for dots at these heights: each takes the place nearest the middle that no earlier dot covers. */
export function spreadDots(heights: readonly number[], distance: number, halfWidth: number): number[] {
  const placed: { x: number; y: number }[] = [];
  for (const y of heights) {
    let x = 0;
    for (let i = 1; placed.some((dot) => Math.hypot(dot.x - x, dot.y - y) < distance - 1e-9); i++)
      x = (i % 2 === 1 ? 1 : -1) * Math.ceil(i / 2) * (distance / 2);
    placed.push({ x, y });
  }
  const widest = Math.max(0, ...placed.map(({ x }) => Math.abs(x)));
  const squeeze = widest > halfWidth ? halfWidth / widest : 1;
  return placed.map(({ x }) => x * squeeze);
}

/** Draws the runs of a setting as dots about the middle of its column. */
export function drawColumn(
  frame: Frame,
  { x: setting, runs, summary }: SettingRuns,
  at: { centre: number; share: number; y: (value: number) => number; kinds: ReadonlyMap<string, KindStyle> },
): void {
  if (summary && Number.isFinite(summary.value)) drawSummary(frame, { setting, summary }, at);
  // Smaller dots in narrow columns, so that about nine stand side by side.
  const r = Math.max(3, Math.min(4.5, at.share / 12));
  const offsets = spreadDots(
    runs.map((run) => at.y(run.value)),
    2.3 * r,
    Math.max(0, at.share / 2 - r - 1),
  );
  runs.forEach(({ value, label, kind }, i) => {
    const attributes = { class: 'run', 'data-x': setting, 'data-label': label, 'data-value': value, 'data-kind': kind };
    const place = { x: at.centre + offsets[i]!, y: at.y(value), r };
    drawKindMark(frame, at.kinds.get(kind)!, { ...place, attributes });
  });
}

/** A level at the value across the column, on a bar over its interval. */
function drawSummary(
  frame: Frame,
  { setting, summary: { value, interval } }: { setting: string; summary: NonNullable<SettingRuns['summary']> },
  { centre, share, y }: { centre: number; share: number; y: (value: number) => number },
): void {
  const half = 0.4 * share;
  const data = { 'data-x': setting, 'data-value': value, 'data-low': interval[0], 'data-high': interval[1] };
  if (interval.every(Number.isFinite)) {
    const [low, high] = [y(interval[0]), y(interval[1])];
    draw(frame, 'rect', {
      x: centre - half,
      y: high,
      width: 2 * half,
      height: Math.max(1, low - high),
      fill: frame.palette.faint,
    });
  }
  const line = { x1: centre - half, x2: centre + half, y1: y(value), y2: y(value) };
  draw(frame, 'line', { class: 'summary', ...data, ...line, stroke: frame.palette.ink, 'stroke-width': 1.5 });
}

/** Writes the settings below their columns: wrapped where they fit, else upright; returns the lowest row used. */
export function drawSettings(
  frame: Frame,
  groups: readonly Pick<SettingRuns, 'x'>[],
  { left, foot, share }: { left: number; foot: number; share: number },
): number {
  const wrapped = groups.map((group) => wrapText(group.x, share - 6, 12));
  const fits = wrapped.every((lines) => lines.every((line) => textWidth(line, 12) <= share - 4));
  groups.forEach((group, i) => {
    const x = left + (i + 0.5) * share;
    if (!fits) drawText(frame, group.x, { x: x + 4, y: foot + 8, anchor: 'end', rotate: -90 });
    else
      wrapped[i]!.forEach((line, row) => {
        drawText(frame, line, { x, y: foot + 18 + row * 15, anchor: 'middle' });
      });
  });
  if (fits) return foot + 6 + 15 * Math.max(...wrapped.map((lines) => lines.length));
  const longest = Math.max(...groups.map((group) => textWidth(group.x, 12)));
  return foot + 10 + longest;
}
