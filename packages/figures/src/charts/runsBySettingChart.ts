import { checkDistinct, checkFinite, checkNotEmpty } from '../frame/checks.ts';
import { beginFigure, drawKey, drawText, type FigureOptions, finishFigure } from '../frame/figureFrame.ts';
import { counted, decimalsFor, formatNumber, textWidth, wrapText } from '../frame/text.ts';
import { drawLevel, drawNameBelow, drawValueAxis, type PlotBox } from '../marks/axes.ts';
import { drawEndLabels } from '../marks/endLabels.ts';
import { kindKey, kindStyles } from '../marks/kinds.ts';
import { rightOf } from '../marks/valuePlot.ts';
import { linearScale, logScale, rangeWithZero, type ValueScale } from '../scales/valueScale.ts';
import { drawColumn, drawSettings, type SettingRuns } from './dotColumns.ts';

/** What `runsBySettingChart` draws. */
export interface RunsBySettingRecord {
  /** The figure’s title. */
  readonly title: string;
  /** What the settings are, such as "period". */
  readonly xAxis: string;
  /** What the values are, such as "loss on the repeat". */
  readonly yAxis: string;
  /** The values' unit, such as "nats per token". */
  readonly unit?: string;
  /** One column each, in the order given, at least one. */
  readonly groups: readonly SettingRuns[];
  /** Of the vertical axis; default 'linear', which includes 0. 'log' needs values above 0. */
  readonly scale?: 'linear' | 'log';
  /** Values worth comparing with, such as chance. */
  readonly reference?: readonly { readonly value: number; readonly label: string }[];
  /** Kinds in the order in which they are given shapes and colours; by first appearance unless given. */
  readonly kinds?: readonly string[];
  /** Ends of the vertical axis where several figures are to be compared; by default the range of what is drawn. */
  readonly domain?: readonly [low: number, high: number];
}

const where = 'runsBySettingChart';
const plotHeight = 300;
const padding = 16;

/**
 * Draws every run as a dot: a column per setting, in the order given, the value on the vertical axis. Shape and colour tell the
 * kind, whose count stands in the key. Dots that would cover each other move sideways, in the order of runs; the same record is always
 * drawn the same.
 *
 * Each dot is a `<path class="run">` with `data-x`, `data-label`, `data-value` and `data-kind`.
 *
 * Throws if there are no groups or no runs at all, if a setting comes twice, if a value is not finite (or, on a logarithmic axis, not above
 * 0), or if there are more than six kinds.
 */
export function runsBySettingChart(record: RunsBySettingRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { groups, reference, title, xAxis } = record;
  const runs = groups.flatMap((group) => group.runs);
  const frame = beginFigure(where, { title, description: describe(record) }, options);
  const { palette } = frame;
  const kinds = kindStyles(where, [...(record.kinds ?? []), ...runs.map((run) => run.kind)], palette);
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
    right: labels.length > 0 ? rightOf(frame, labels) : frame.width - padding,
    top,
    foot: top + plotHeight,
  };
  const y = drawValueAxis(frame, box, scale);
  drawLevel(frame, box, { y: box.foot });
  for (const { value, text } of labels)
    drawLevel(frame, box, { y: y(value), dash: '5 4', data: { 'data-value': value, 'data-label': text } });
  const share = (box.right - box.left) / groups.length;
  groups.forEach((group, i) => {
    drawColumn(frame, group, { centre: box.left + (i + 0.5) * share, share, y, kinds });
  });
  const foot = drawSettings(frame, groups, { ...box, share });
  drawNameBelow(frame, xAxis, { ...box, y: foot + 16 });
  drawEndLabels(frame, labels, { box, y, inset: [4, 4] });
  return finishFigure(frame, foot + 30);
}

function axisName({ yAxis, unit, scale }: RunsBySettingRecord): string {
  const notes = [...(unit ? [unit] : []), ...(scale === 'log' ? ['log scale'] : [])];
  return notes.length > 0 ? `${yAxis} (${notes.join(', ')})` : yAxis;
}

function scaleOf({ groups, reference, scale, domain }: RunsBySettingRecord): ValueScale {
  if (domain) return scale === 'log' ? logScale(domain) : linearScale(domain, 6);
  const values = [
    ...groups.flatMap((group) => group.runs.map((run) => run.value)),
    ...groups.flatMap(({ summary }) => (summary?.interval ?? []).filter(Number.isFinite)),
    ...(reference ?? []).map((r) => r.value),
  ];
  if (scale !== 'log') return linearScale(rangeWithZero(values, 0.05), 6);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // A tenth of a decade beyond either end at least, so that equal values also make an axis.
  const room = 10 ** Math.max(0.1, 0.05 * Math.log10(high / low));
  return logScale([low / room, high * room]);
}

function countBy<T>(list: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of list) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}

function checkRecord({ groups, reference, scale }: RunsBySettingRecord): void {
  checkNotEmpty(where, 'groups', groups, 'pass at least one { x, runs }');
  const check = (name: string, value: number) => {
    checkFinite(where, name, value);
    if (scale === 'log' && value <= 0)
      throw new Error(`${where}: ${name} is ${value}, a logarithmic axis needs more than 0; pass scale: 'linear'.`);
  };
  checkDistinct(
    where,
    groups.map(({ x }) => `setting "${x}"`),
    'pass all of its runs in one group',
  );
  for (const { x, runs } of groups)
    for (const { value, label } of runs) check(`the value of "${label}" at "${x}"`, value);
  checkNotEmpty(
    where,
    'runs',
    groups.flatMap((group) => group.runs),
    'pass at least one run in some group',
  );
  for (const { value, label } of reference ?? []) check(`reference "${label}"`, value);
}

function describe({ groups, reference, xAxis, yAxis, unit }: RunsBySettingRecord): string {
  const runs = groups.flatMap((group) => group.runs);
  const decimals = decimalsFor(Math.max(...runs.map((run) => Math.abs(run.value))));
  const format = (value: number) => formatNumber(value, decimals);
  const columns = groups.map(({ x, runs: own, summary }) => {
    if (own.length === 0) return `${x}: no runs`;
    const values = own.map((run) => run.value);
    const kinds = [...countBy(own, (run) => run.kind)].map(([kind, count]) => `${count} ${kind}`);
    const middle = summary && Number.isFinite(summary.value) ? `, in the middle ${format(summary.value)}` : '';
    return `${x}: ${kinds.join(', ')}, from ${format(Math.min(...values))} to ${format(Math.max(...values))}${middle}`;
  });
  const lines = (reference ?? []).map(({ label, value }) => `${label} (${format(value)})`);
  return (
    `${yAxis}${unit ? ` (${unit})` : ''} of ${counted(runs.length, 'run')} by ${xAxis}. ${columns.join('; ')}.` +
    (lines.length > 0 ? ` Reference lines: ${lines.join('; ')}.` : '')
  );
}
