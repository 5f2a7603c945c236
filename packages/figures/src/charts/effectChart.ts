import { checkFinite, checkInterval, checkNotEmpty } from '../frame/checks.ts';
import {
  beginFigure,
  draw,
  drawKey,
  drawText,
  type FigureOptions,
  type Frame,
  finishFigure,
  fontSize,
  type KeyEntry,
  swatchSize,
} from '../frame/figureFrame.ts';
import { counted, formatNumber, textWidth, wrapText } from '../frame/text.ts';
import { drawValueAxisBelow } from '../marks/axes.ts';
import { drawKindMark, type KindStyle, kindKey, kindStyles } from '../marks/kinds.ts';
import { drawMarks, placeMarks } from '../marks/verticalMarks.ts';
import { linearScale, rangeWithZero } from '../scales/valueScale.ts';
import {
  decimalsOf,
  type EffectColumns,
  type EffectGroup,
  type EffectRow,
  effectColumns,
  noteSize,
  type PlacedRow,
  padding,
  placeRows,
} from './effectLayout.ts';

/** What `effectChart` draws. */
export interface EffectRecord {
  /** The figure’s title. */
  readonly title: string;
  /** What the values are, with their unit, such as "rise of the loss on the repeat (nats)". */
  readonly unit: string;
  /** Values worth pointing at, such as that of the whole model. */
  readonly reference?: readonly { readonly value: number; readonly label: string }[];
  readonly groups: readonly EffectGroup[];
  /** Says in the key what the whiskers are; default "95 % interval". */
  readonly intervalLabel?: string;
  /** Says in the key what the faint dots are, such as "matched random sets"; default "for comparison". */
  readonly pointsLabel?: string;
}

const where = 'effectChart';
const markRadius = 4.2;
/** Room inside the plot's ends, so that a mark at an end stays inside. */
const inset = 10;

/**
 * Draws effects as a forest plot: a row per effect with its mark, its interval as whiskers and its value at the right edge (with the
 * interval where there is room), against a line at 0. Marks of each kind have a shape and a colour of their own. `points` are faint dots in
 * their row; references are dashed lines named above the plot.
 *
 * Each mark is a `<path class="effect">` with `data-group`, `data-label`, `data-value`, `data-kind`, `data-low` and `data-high`; each dot a
 * `<circle class="point">` with `data-label` and `data-value`.
 *
 * Throws if there are no groups, if a group has no rows, if a value is neither finite nor null, if an interval is not [lower, upper], or if there are
 * more than six kinds.
 */
export function effectChart(record: EffectRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { groups, reference, unit, title } = record;
  const rows = groups.flatMap((group) => group.rows);
  const frame = beginFigure(where, { title, description: describe(record) }, options);
  const styles = kindStyles(
    where,
    rows.map((row) => row.kind ?? ''),
    frame.palette,
  );
  drawKey(frame, keyOf(frame, record, styles));

  const columns = effectColumns(frame.width, rows);
  const domain = rangeWithZero([...rows.flatMap(valuesOf), ...(reference ?? []).map((r) => r.value)], 0.04);
  const scale = linearScale(domain, Math.max(3, Math.floor((columns.right - columns.left) / 75)));
  const inner = { left: columns.left + inset, right: columns.right - inset };
  const x = (value: number) => inner.left + (inner.right - inner.left) * scale.fraction(value);
  const references = placeMarks(
    (reference ?? []).map(({ value, label }) => ({ x: x(value), label, data: { 'data-value': value } })),
    [padding, frame.width - padding],
  );
  const top = frame.top + references.height;
  const placed = placeRows(groups, columns.labelWidth, top);
  const foot = placed.foot + 4;
  drawValueAxisBelow(frame, { ...inner, top, foot }, scale);
  draw(frame, 'line', { x1: x(0), x2: x(0), y1: top, y2: foot, stroke: frame.palette.muted, 'stroke-width': 1.25 });
  drawMarks(frame, references, { top: frame.top, foot, dash: '5 4' });
  for (const { text, y } of placed.titles) drawText(frame, text, { x: padding, y, weight: 600, halo: true });
  for (const row of placed.rows) drawRow(frame, row, { columns, x, style: styles.get(row.row.kind ?? '')! });
  const unitLines = wrapText(unit, frame.width - 2 * padding, fontSize);
  unitLines.forEach((line, i) => {
    const half = textWidth(line, fontSize) / 2;
    const centre = Math.max(padding + half, Math.min(frame.width - padding - half, (columns.left + columns.right) / 2));
    drawText(frame, line, { x: centre, y: foot + 36 + i * 15, anchor: 'middle', colour: frame.palette.muted });
  });
  return finishFigure(frame, foot + 34 + unitLines.length * 15);
}

const valuesOf = ({ value, interval, points }: EffectRow): number[] => [
  ...(value === null ? [] : [value]),
  ...(interval ?? []),
  ...(points ?? []),
];

function drawRow(
  frame: Frame,
  { group, row, lines, notes, y }: PlacedRow,
  { columns, x, style }: { columns: EffectColumns; x: (value: number) => number; style: KindStyle },
): void {
  const { palette } = frame;
  const { label, value, interval, kind, points } = row;
  const { left, right, texts, valuesEnd, intervalAt } = columns;
  draw(frame, 'line', { x1: left, x2: right, y1: y, y2: y, stroke: palette.faint, 'stroke-width': 1 });
  const labelTop = y - (lines.length * 15 + notes.length * 13) / 2;
  lines.forEach((line, i) => {
    drawText(frame, line, { x: padding, y: labelTop + 12 + i * 15 });
  });
  notes.forEach((line, i) => {
    drawText(frame, line, {
      x: padding,
      y: labelTop + lines.length * 15 + 10 + i * 13,
      size: noteSize,
      colour: palette.muted,
    });
  });
  points?.forEach((point, i) => {
    // Spread over the row's height by the golden ratio: even for any count, and the same on every drawing.
    const cy = y + (((i * 0.618034 + 0.5) % 1) - 0.5) * 14;
    const attributes = { class: 'point', 'data-label': label, 'data-value': point };
    draw(frame, 'circle', { ...attributes, cx: x(point), cy, r: 2.2, fill: palette.ink, 'fill-opacity': 0.32 });
  });
  if (interval) {
    const [low, high] = [x(interval[0]), x(interval[1])];
    const d = `M${low},${y}H${high}M${low},${y - 6}v12M${high},${y - 6}v12`;
    draw(frame, 'path', { d, fill: 'none', stroke: style.colour, 'stroke-width': 1.75 });
  }
  const data = { 'data-group': group, 'data-label': label, 'data-value': value ?? undefined, 'data-kind': kind };
  const ends = interval ? { 'data-low': interval[0], 'data-high': interval[1] } : {};
  if (value !== null)
    drawKindMark(frame, style, { x: x(value), y, r: markRadius, attributes: { class: 'effect', ...data, ...ends } });
  const text = texts.get(row)!;
  drawText(frame, text.value, { x: valuesEnd, y: y + 4, anchor: 'end', weight: 600 });
  if (intervalAt !== null)
    drawText(frame, text.interval, { x: intervalAt, y: y + 4, size: noteSize, anchor: 'end', colour: palette.muted });
}

function keyOf(frame: Frame, record: EffectRecord, styles: ReadonlyMap<string, KindStyle>): KeyEntry[] {
  const rows = record.groups.flatMap((group) => group.rows);
  const { ink } = frame.palette;
  const half = swatchSize / 2;
  const whisker = (x: number, y: number) =>
    draw(frame, 'path', {
      d: `M${x},${y + half}h${swatchSize}M${x},${y + half - 4}v8M${x + swatchSize},${y + half - 4}v8`,
      fill: 'none',
      stroke: ink,
      'stroke-width': 1.5,
    });
  const dots = (x: number, y: number) => {
    for (const [dx, dy] of [
      [2, 4],
      [6, 8],
      [9, 3],
    ])
      draw(frame, 'circle', { cx: x + dx!, cy: y + dy!, r: 2.2, fill: ink, 'fill-opacity': 0.32 });
  };
  return [
    ...(rows.some((row) => row.kind !== undefined) ? kindKey(frame, styles) : []),
    ...(rows.some((row) => row.interval) ? [{ text: record.intervalLabel ?? '95 % interval', swatch: whisker }] : []),
    ...(rows.some((row) => row.points?.length) ? [{ text: record.pointsLabel ?? 'for comparison', swatch: dots }] : []),
  ];
}

function checkRecord({ groups, reference }: EffectRecord): void {
  checkNotEmpty(where, 'groups', groups, 'pass at least one { rows }');
  for (const { title, rows } of groups) {
    checkNotEmpty(where, `rows of group "${title ?? ''}"`, rows, 'pass at least one { label, value }');
    for (const { label, value, interval, points } of rows) {
      if (value !== null) checkFinite(where, `the value of "${label}"`, value);
      if (interval) checkInterval(where, `the interval of "${label}"`, interval);
      for (const point of points ?? []) checkFinite(where, `a point of "${label}"`, point);
    }
  }
  for (const { value, label } of reference ?? []) checkFinite(where, `reference "${label}"`, value);
}

function describe({ groups, reference, unit }: EffectRecord): string {
  const rows = groups.flatMap((group) => group.rows);
  const decimals = decimalsOf(rows);
  const format = (value: number) => formatNumber(value, decimals);
  const told = ({ label, kind, value, interval, points }: EffectRow) => {
    const ends = interval ? ` [${interval.map(format).join(', ')}]` : '';
    const compared = points?.length
      ? `, ${points.length} for comparison from ${format(Math.min(...points))} to ${format(Math.max(...points))}`
      : '';
    return `${label}${kind ? ` (${kind})` : ''} ${value === null ? '–' : format(value)}${ends}${compared}`;
  };
  const texts = groups.map(({ title, rows: own }) => `${title ? `${title}: ` : ''}${own.map(told).join('; ')}.`);
  const lines = (reference ?? []).map(({ label, value }) => `${label} ${format(value)}`);
  const count = counted(rows.length, 'effect');
  return `Forest plot of ${count}: ${unit}. ${texts.join(' ')}${lines.length > 0 ? ` Reference lines: ${lines.join('; ')}.` : ''}`;
}
