import { checkFinite, checkNotEmpty } from '../frame/checks.ts';
import {
  beginFigure,
  draw,
  drawKey,
  drawText,
  type FigureOptions,
  type Frame,
  finishFigure,
} from '../frame/figureFrame.ts';
import { decimalsFor, formatNumber, textWidth, wrapText } from '../frame/text.ts';
import { drawValueAxis, type PlotBox } from '../marks/axes.ts';
import { drawEndLabels, endLabelMargin } from '../marks/endLabels.ts';
import { drawKindMark, type KindStyle, kindKey, kindStyles } from '../marks/kinds.ts';
import { linearScale, logScale, rangeWithZero, type ValueScale } from '../scales/valueScale.ts';

/** One run of a sweep. */
export interface SweepRun {
  /** The run's result, in the record's unit. */
  readonly value: number;
  /** Which run it is, such as "seed 3". */
  readonly label: string;
  /** The verdict on it, such as "induction" or "positional": it decides the dot's shape and colour. */
  readonly kind: string;
}

/** The runs of one setting. */
export interface SweepGroup {
  /** The setting, such as "24–25" or "5 %". */
  readonly x: string;
  readonly runs: readonly SweepRun[];
}

/** What `sweepChart` draws. */
export interface SweepRecord {
  readonly title: string;
  /** What the settings are, such as "period". */
  readonly xAxis: string;
  /** What the values are, such as "loss on the repeat". */
  readonly yAxis: string;
  /** The values' unit, such as "nats per token". */
  readonly unit?: string;
  /** One column each, in the order given, at least one. */
  readonly groups: readonly SweepGroup[];
  /** Of the vertical axis; default 'linear', which includes 0. 'log' needs values above 0. */
  readonly scale?: 'linear' | 'log';
  /** Values worth comparing with, such as chance. */
  readonly reference?: readonly { readonly value: number; readonly label: string }[];
}

const where = 'sweepChart';
const plotHeight = 300;
const padding = 16;

/**
 * Draws every run of a sweep as a dot: a column per setting, in the order given, the value on the vertical axis. Shape and colour tell the
 * kind, whose count stands in the key. Dots that would cover each other move sideways, in the order of runs; the same record is always
 * drawn the same.
 *
 * Each dot is a `<path class="run">` with `data-x`, `data-label`, `data-value` and `data-kind`.
 *
 * Throws if there are no groups or no runs at all, if a setting comes twice, if a value is not finite (or, on a logarithmic axis, not above
 * 0), or if there are more than six kinds.
 */
export function sweepChart(record: SweepRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { groups, reference, title, xAxis } = record;
  const runs = groups.flatMap((group) => group.runs);
  const frame = beginFigure(where, { title, description: describe(record) }, options);
  const { palette } = frame;
  const kinds = kindStyles(
    where,
    runs.map((run) => run.kind),
    palette,
  );
  drawKey(
    frame,
    kindKey(
      frame,
      kinds,
      countBy(runs, (run) => run.kind),
    ),
  );

  const scale = scaleOf(record);
  const labels = (reference ?? []).map(({ value, label }) => ({ text: label, value, colour: palette.muted }));
  const nameLines = wrapText(axisName(record), frame.width - 2 * padding, 12);
  nameLines.forEach((line, i) => {
    drawText(frame, line, { x: padding, y: frame.top + 8 + 15 * i, colour: palette.muted });
  });
  const top = frame.top + 9 + 15 * nameLines.length;
  const box: PlotBox = {
    left: padding + 14 + Math.max(...scale.ticks.map((tick) => textWidth(scale.format(tick), 12))),
    right: frame.width - (labels.length > 0 ? endLabelMargin(labels) : padding),
    top,
    foot: top + plotHeight,
  };
  const y = drawValueAxis(frame, box, scale);
  draw(frame, 'line', {
    x1: box.left,
    x2: box.right,
    y1: box.foot,
    y2: box.foot,
    stroke: palette.muted,
    'stroke-width': 1,
  });
  for (const { value, text } of labels) {
    const at = { x1: box.left, x2: box.right, y1: y(value), y2: y(value) };
    const data = { 'data-value': value, 'data-label': text };
    draw(frame, 'line', { ...data, ...at, stroke: palette.muted, 'stroke-width': 1, 'stroke-dasharray': '5 4' });
  }
  const share = (box.right - box.left) / groups.length;
  groups.forEach((group, i) => {
    drawColumn(frame, group, { centre: box.left + (i + 0.5) * share, share, y, kinds });
  });
  const foot = drawSettings(frame, groups, { ...box, share });
  drawText(frame, xAxis, { x: (box.left + box.right) / 2, y: foot + 16, anchor: 'middle', colour: palette.muted });
  drawEndLabels(
    frame,
    box.right,
    labels.map(({ value, ...label }) => ({ ...label, y: y(value) })),
    [top + 4, box.foot - 4],
  );
  return finishFigure(frame, foot + 30);
}

function axisName({ yAxis, unit, scale }: SweepRecord): string {
  const notes = [...(unit ? [unit] : []), ...(scale === 'log' ? ['log scale'] : [])];
  return notes.length > 0 ? `${yAxis} (${notes.join(', ')})` : yAxis;
}

function scaleOf({ groups, reference, scale }: SweepRecord): ValueScale {
  const values = [
    ...groups.flatMap((group) => group.runs.map((run) => run.value)),
    ...(reference ?? []).map((r) => r.value),
  ];
  if (scale !== 'log') return linearScale(rangeWithZero(values, 0.05), 6);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // A tenth of a decade beyond either end at least, so that equal values also make an axis.
  const room = 10 ** Math.max(0.1, 0.05 * Math.log10(high / low));
  return logScale([low / room, high * room]);
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

function drawColumn(
  frame: Frame,
  { x: setting, runs }: SweepGroup,
  at: { centre: number; share: number; y: (value: number) => number; kinds: ReadonlyMap<string, KindStyle> },
): void {
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

/** Writes the settings below their columns: wrapped where they fit, else upright; returns the lowest row used. */
function drawSettings(
  frame: Frame,
  groups: readonly SweepGroup[],
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

function countBy<T>(list: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of list) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}

function checkRecord({ groups, reference, scale }: SweepRecord): void {
  checkNotEmpty(where, 'groups', groups, 'pass at least one { x, runs }');
  const check = (name: string, value: number) => {
    checkFinite(where, name, value);
    if (scale === 'log' && value <= 0)
      throw new Error(`${where}: ${name} is ${value}, a logarithmic axis needs more than 0; pass scale: 'linear'.`);
  };
  const seen = new Set<string>();
  for (const { x, runs } of groups) {
    if (seen.has(x)) throw new Error(`${where}: setting "${x}" comes twice; pass all of its runs in one group.`);
    seen.add(x);
    for (const { value, label } of runs) check(`the value of "${label}" at "${x}"`, value);
  }
  checkNotEmpty(
    where,
    'runs',
    groups.flatMap((group) => group.runs),
    'pass at least one run in some group',
  );
  for (const { value, label } of reference ?? []) check(`reference "${label}"`, value);
}

function describe({ groups, reference, xAxis, yAxis, unit }: SweepRecord): string {
  const runs = groups.flatMap((group) => group.runs);
  const decimals = decimalsFor(Math.max(...runs.map((run) => Math.abs(run.value))));
  const format = (value: number) => formatNumber(value, decimals);
  const columns = groups.map(({ x, runs: own }) => {
    if (own.length === 0) return `${x}: no runs`;
    const values = own.map((run) => run.value);
    const kinds = [...countBy(own, (run) => run.kind)].map(([kind, count]) => `${count} ${kind}`);
    return `${x}: ${kinds.join(', ')}, from ${format(Math.min(...values))} to ${format(Math.max(...values))}`;
  });
  const lines = (reference ?? []).map(({ label, value }) => `${label} (${format(value)})`);
  return (
    `${yAxis}${unit ? ` (${unit})` : ''} of ${runs.length} ${runs.length === 1 ? 'run' : 'runs'} by ${xAxis}. ${columns.join('; ')}.` +
    (lines.length > 0 ? ` Reference lines: ${lines.join('; ')}.` : '')
  );
}
