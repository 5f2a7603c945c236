import { draw, type Frame, type KeyEntry, swatchSize } from '../frame/figureFrame.ts';
import type { Palette } from '../frame/theme.ts';
import type { PlotBox } from '../marks/axes.ts';
import { type Bucket, thinCurve } from '../marks/thinning.ts';

/** One quantity over training. */
export interface DynamicsLine {
  /** What is measured, such as "L1H3" or "repeat". */
  readonly label: string;
  /** Optimiser steps done, whole numbers from 0, ascending. */
  readonly steps: readonly number[];
  /** Shape [step], in the panel's unit; NaN leaves a gap. */
  readonly values: ArrayLike<number>;
  /** Emphasised lines are strong and named at their end, the others faint and thin; without any in a panel, all its lines are strong. */
  readonly emphasis?: boolean;
}

/** How a strong line looks: it belongs to its label, in every panel. */
export interface LineStyle {
  readonly colour: string;
  readonly dash: string | undefined;
}

/** A line made ready to draw: unbroken stretches of it, and its last finite value. */
export interface DynamicsCurve {
  readonly label: string;
  /** Null for a faint line. */
  readonly style: LineStyle | null;
  readonly stretches: readonly (readonly Bucket[])[];
  readonly last: number;
}

const colours: readonly (keyof Palette)[] = ['blue', 'orange', 'purple', 'green'];
const dashes = [undefined, '9 3', '2.5 2.5', '9 3 2.5 3'];

/** More strong lines than this cannot be told apart, more faint ones hide each other. */
const mostStrong = 12;
const mostFaint = 60;

const lastOf = ({ values }: DynamicsLine): number =>
  Array.from(values).reduce((last, value) => (Number.isFinite(value) ? value : last), Number.NEGATIVE_INFINITY);

/** The lines that end highest, in the order given. */
function highest(lines: readonly DynamicsLine[], most: number): readonly DynamicsLine[] {
  if (lines.length <= most) return lines;
  const kept = new Set([...lines].sort((a, b) => lastOf(b) - lastOf(a)).slice(0, most));
  return lines.filter((line) => kept.has(line));
}

/** The lines of a panel that are drawn strong: of very many, those that end highest. */
export function strongLines(lines: readonly DynamicsLine[]): readonly DynamicsLine[] {
  const emphasised = lines.filter((line) => line.emphasis);
  return highest(emphasised.length > 0 ? emphasised : lines, mostStrong);
}

/** The lines of a panel that are drawn at all. */
export function drawnLines(lines: readonly DynamicsLine[]): readonly DynamicsLine[] {
  const strong = new Set(strongLines(lines));
  const faint = new Set(
    highest(
      lines.filter((line) => !strong.has(line)),
      mostFaint,
    ),
  );
  return lines.filter((line) => strong.has(line) || faint.has(line));
}

/** A style for each label that is strong anywhere, in order of first appearance. Lines that are not named at their end get dashes too. */
export function lineStyles(
  panels: readonly { lines: readonly DynamicsLine[] }[],
  { palette, named }: { palette: Palette; named: boolean },
): Map<string, LineStyle> {
  const labels = new Set(panels.flatMap(({ lines }) => strongLines(lines).map((line) => line.label)));
  return new Map(
    [...labels].map((label, i) => {
      const round = Math.floor(i / colours.length);
      const dash = dashes[(named ? round : i + round) % dashes.length];
      return [label, { colour: palette[colours[i % colours.length]!], dash }];
    }),
  );
}

/** Cuts a line at its gaps and thins what is left. */
export function curveOf(line: DynamicsLine, style: LineStyle | null, place: (step: number) => number): DynamicsCurve {
  const stretches: { x: number; y: number }[][] = [[]];
  line.steps.forEach((x, i) => {
    const y = line.values[i]!;
    if (Number.isNaN(y)) stretches.push([]);
    else stretches[stretches.length - 1]!.push({ x, y });
  });
  const kept = stretches.filter((stretch) => stretch.length > 0);
  return {
    label: line.label,
    style,
    stretches: kept.map((stretch) => thinCurve(stretch, place)),
    last: kept[kept.length - 1]!.at(-1)!.y,
  };
}

/** Draws a line into the box: a path for all of its stretches, a dot where a stretch is one point, a band where thinning hides a range. */
export function drawCurve(
  frame: Frame,
  { label, style, stretches, last }: DynamicsCurve,
  at: { x: (step: number) => number; y: (value: number) => number; box: PlotBox; panel: number },
): void {
  // Values beyond the panel's domain run along its edge: a clip path would need an id.
  const y = (value: number) => Math.max(at.box.top, Math.min(at.box.foot, at.y(value)));
  const colour = style?.colour ?? frame.palette.muted;
  const points = (list: readonly Bucket[], value: (b: Bucket) => number) =>
    list.map((b) => `${at.x(b.x).toFixed(2)},${y(value(b)).toFixed(2)}`).join('L');
  for (const stretch of stretches) {
    if (!style || !stretch.some((b) => b.high > b.low)) continue;
    const d = `M${points(stretch, (b) => b.high)}L${points([...stretch].reverse(), (b) => b.low)}Z`;
    draw(frame, 'path', { d, fill: colour, 'fill-opacity': 0.18 });
  }
  const d = stretches.map((stretch) => `M${points(stretch, (b) => b.mean)}`).join('');
  const data = { class: 'line', 'data-panel': at.panel, 'data-label': label, 'data-last': last };
  draw(frame, 'path', { ...data, d, fill: 'none', stroke: colour, 'stroke-linejoin': 'round', ...strokeOf(style) });
  for (const [only, ...rest] of stretches) {
    if (rest.length === 0)
      draw(frame, 'circle', { cx: at.x(only!.x), cy: y(only!.mean), r: style ? 3 : 1.5, fill: colour });
  }
}

const strokeOf = (style: LineStyle | null) =>
  style ? { 'stroke-width': 2, 'stroke-dasharray': style.dash } : { 'stroke-width': 0.9, 'stroke-opacity': 0.55 };

/** A key entry with a piece of the line. */
export function lineKey(frame: Frame, text: string, style: LineStyle | null): KeyEntry {
  const stroke = style?.colour ?? frame.palette.muted;
  return {
    text,
    swatchWidth: 22,
    swatch: (x, y) => {
      draw(frame, 'path', { d: `M${x},${y + swatchSize / 2}h22`, fill: 'none', stroke, ...strokeOf(style) });
    },
  };
}
