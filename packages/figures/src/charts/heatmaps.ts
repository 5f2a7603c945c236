import { checkDomain, checkNotEmpty } from '../frame/checks.ts';
import {
  beginFigure,
  drawText,
  type FigureOptions,
  type Frame,
  finishFigure,
  fontSize,
  swatchSize,
} from '../frame/figureFrame.ts';
import { counted, decimalsFor, formatNumber, textWidth, wrapText } from '../frame/text.ts';
import { drawRampLegend } from '../marks/rampLegend.ts';
import { divergingRamp, sequentialRamp, type ValueRamp, valueRampImage } from '../scales/valueRamp.ts';
import { linearScale } from '../scales/valueScale.ts';
import { axisGutter, type HeatmapLayout, layoutHeatmaps } from './heatmapLayout.ts';
import { drawHatching, drawHeatmapPanel, type HeatmapPanel } from './heatmapPanel.ts';

/** What `heatmaps` draws. */
export interface HeatmapsRecord {
  /** The figure’s title. */
  readonly title: string;
  /** What the rows are, such as "layer-0 head". */
  readonly rowAxis: string;
  /** What the columns are, such as "layer-1 head". */
  readonly columnAxis: string;
  /** What the values are, with their unit, such as "effect on the loss on the repeat (nats)". */
  readonly unit: string;
  /** 'diverging' has its neutral colour at 0; 'sequential' runs from the lowest value to the highest. */
  readonly scale: 'diverging' | 'sequential';
  /** At least one, in the order to draw. */
  readonly panels: readonly HeatmapPanel[];
  /**
   * Values at the ends of the colour scale, in the record's unit; values beyond them take the end's colour. By default the range of all
   * values, made symmetrical about 0 for 'diverging' and begun at 0 for 'sequential' where no value is negative.
   */
  readonly domain?: readonly [low: number, high: number];
}

const where = 'heatmaps';
const noteSize = 11;

/**
 * Draws matrices of values side by side on one colour scale. Small ones (at most 256 cells) are drawn cell by cell, with each number in its
 * cell where it fits; larger ones as one image per panel with sparse labels. Cells whose value is NaN are hatched, and the legend says so.
 *
 * Each small cell is a `<rect class="cell">` with `data-panel` (its panel's index), `data-row`, `data-column` (labels) and `data-value`; each
 * image an `<image class="heatmap">` with `data-panel`, `data-rows` and `data-columns` (counts).
 *
 * Throws if there are no panels, rows or columns, if a panel has not one value per row and column, if a value is infinite, or if no value is
 * finite.
 */
export function heatmaps(record: HeatmapsRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { panels, rowAxis, columnAxis, scale, title } = record;
  const values = panels.flatMap((panel) => Array.from(panel.values).filter((value) => !Number.isNaN(value)));
  const decimals = decimalsFor(furthestFromZero(values));
  const format = (value: number) => formatNumber(value, decimals);
  const frame = beginFigure(where, { title, description: describe(record, format) }, options);
  const domain = record.domain ?? domainOf(values, scale);
  const ramp = scale === 'diverging' ? divergingRamp(frame.theme, domain) : sequentialRamp(frame.theme, domain);
  const someMissing = panels.some((panel) => Array.from(panel.values).some(Number.isNaN));
  drawLegend(frame, ramp, { unit: record.unit, someMissing, values });

  const sharedRows = panels.every((panel) => panel.rows.join('\n') === panels[0]!.rows.join('\n'));
  const layout = layoutHeatmaps(
    {
      panels: panels.length,
      rows: Math.max(...panels.map((panel) => panel.rows.length)),
      columns: Math.max(...panels.map((panel) => panel.columns.length)),
      rowLabels: panels.flatMap((panel) => panel.rows),
      columnLabels: panels.flatMap((panel) => panel.columns),
      sharedRows,
      numbers: [...new Set(values.map(format))],
    },
    frame.width,
  );
  const { perLine, left, pitch } = layout;
  for (let start = 0; start < panels.length; start += perLine) {
    const line = panels.slice(start, start + perLine);
    const y = drawHeadings(frame, line, layout);
    line.forEach((panel, column) => {
      const place = { x: left + column * pitch, y, index: start + column, rowLabels: column === 0 || !sharedRows };
      drawHeatmapPanel(frame, panel, place, { layout, ramp, format });
    });
    const height = Math.max(...line.map((panel) => panel.rows.length)) * layout.cellHeight;
    drawRowAxis(frame, rowAxis, { y, height });
    frame.top = y + height + layout.columnLabelHeight;
    const last = start + perLine >= panels.length;
    frame.top = drawColumnAxis(frame, columnAxis, line, layout) + (last ? 0 : 12);
  }
  return finishFigure(frame, frame.top + 12);
}

const furthestFromZero = (values: readonly number[]): number =>
  values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

function domainOf(values: readonly number[], scale: 'diverging' | 'sequential'): [low: number, high: number] {
  const furthest = furthestFromZero(values) || 1;
  if (scale === 'diverging') return [-furthest, furthest];
  const low = Math.min(
    0,
    values.reduce((a, b) => Math.min(a, b)),
  );
  const high = values.reduce((a, b) => Math.max(a, b));
  return low < high ? [low, high] : [low, low + 1];
}

function drawLegend(
  frame: Frame,
  ramp: ValueRamp,
  { unit, someMissing, values }: { unit: string; someMissing: boolean; values: readonly number[] },
): void {
  const [low, high] = ramp.domain;
  const scale = linearScale(ramp.domain, 5);
  const hatching = (x: number, y: number) => drawHatching(frame, { x, y, width: swatchSize + 3, height: swatchSize });
  const clipped = [
    ...(values.some((value) => value < low) ? [`below ${formatNumber(low, decimalsFor(Math.abs(low)))}`] : []),
    ...(values.some((value) => value > high) ? [`above ${formatNumber(high, decimalsFor(Math.abs(high)))}`] : []),
  ];
  drawRampLegend(frame, {
    label: clipped.length > 0 ? `${unit}; values ${clipped.join(' or ')} have the end's colour` : unit,
    image: valueRampImage(ramp),
    ticks: scale.ticks.map((tick) => ({ at: scale.fraction(tick), text: scale.format(tick) })),
    entries: someMissing ? [{ text: 'does not apply', swatch: hatching }] : [],
  });
}

/** Writes titles and notes above a line of panels, on a common last row; returns the top of the cells. */
function drawHeadings(frame: Frame, line: readonly HeatmapPanel[], { left, pitch, cellWidth }: HeatmapLayout): number {
  const headings = line.map(({ title, note, columns }) => {
    const width = Math.max(columns.length * cellWidth, 60);
    const bold = wrapText(title, width, fontSize, true).map((text) => ({ text, size: fontSize, weight: 600 }));
    const plain = (note ? wrapText(note, width, noteSize) : []).map((text) => ({ text, size: noteSize, weight: 400 }));
    return [...bold, ...plain];
  });
  const height = Math.max(...headings.map((heading) => heading.length)) * 15;
  headings.forEach((heading, column) => {
    heading.forEach(({ text, size, weight }, i) => {
      const y = frame.top + height - 15 * (heading.length - 1 - i) - 3;
      const colour = weight > 500 ? frame.palette.ink : frame.palette.muted;
      drawText(frame, text, { x: left + column * pitch, y, size, weight, colour });
    });
  });
  return frame.top + height + 4;
}

/** Names the rows at the left edge, turned, shrunk where a panel is low. */
function drawRowAxis(frame: Frame, name: string, { y, height }: { y: number; height: number }): void {
  const size = Math.min(fontSize, Math.max(9, (fontSize * (height + 20)) / textWidth(name, fontSize)));
  const middle = y + height / 2;
  drawText(frame, name, {
    x: axisGutter - 12,
    y: middle,
    rotate: -90,
    anchor: 'middle',
    size,
    colour: frame.palette.muted,
  });
}

/** Names the columns below each panel of a line; returns the foot. */
function drawColumnAxis(
  frame: Frame,
  name: string,
  line: readonly HeatmapPanel[],
  { left, pitch, cellWidth }: HeatmapLayout,
): number {
  let foot = frame.top;
  line.forEach(({ columns }, column) => {
    const width = columns.length * cellWidth;
    wrapText(name, Math.max(width, 60), fontSize).forEach((text, i) => {
      const y = frame.top + 12 + 15 * i;
      drawText(frame, text, { x: left + column * pitch + width / 2, y, anchor: 'middle', colour: frame.palette.muted });
      foot = Math.max(foot, y + 4);
    });
  });
  return foot;
}

function checkRecord({ panels, domain, scale }: HeatmapsRecord): void {
  checkNotEmpty(where, 'panels', panels, 'pass at least one { title, rows, columns, values }');
  if (scale !== 'diverging' && scale !== 'sequential')
    throw new Error(`${where}: scale is "${String(scale)}"; pass 'diverging' or 'sequential'.`);
  for (const { title, rows, columns, values } of panels) {
    checkNotEmpty(where, `rows of panel "${title}"`, rows, 'pass one label per row');
    checkNotEmpty(where, `columns of panel "${title}"`, columns, 'pass one label per column');
    if (values.length !== rows.length * columns.length) {
      throw new Error(
        `${where}: panel "${title}" has ${values.length} values, ${rows.length} rows and ${columns.length} columns need ` +
          `${rows.length * columns.length}; pass [row, column], row-major, NaN where a value does not apply.`,
      );
    }
    const infinite = Array.from(values).findIndex((value) => !Number.isFinite(value) && !Number.isNaN(value));
    if (infinite >= 0) {
      const [row, column] = [rows[Math.floor(infinite / columns.length)], columns[infinite % columns.length]];
      throw new Error(
        `${where}: panel "${title}" has ${values[infinite]} at row ${row}, column ${column}, expected a finite number or NaN; fix its source.`,
      );
    }
  }
  if (!panels.some(({ values }) => Array.from(values).some(Number.isFinite)))
    throw new Error(`${where}: no value is finite; pass at least one.`);
  if (domain) checkDomain(where, 'domain', domain);
}

function describe({ panels, rowAxis, columnAxis, unit }: HeatmapsRecord, format: (value: number) => string): string {
  const texts = panels.map(({ title, rows, columns, values, note }) => {
    const cells = Array.from(values, (value, i) => ({ value, i })).filter(({ value }) => !Number.isNaN(value));
    const name = note ? `${title} (${note})` : title;
    if (cells.length === 0) return `${name}: no values`;
    const at = ({ value, i }: { value: number; i: number }) =>
      `${format(value)} at ${rows[Math.floor(i / columns.length)]}, ${columns[i % columns.length]}`;
    const highest = cells.reduce((best, cell) => (cell.value > best.value ? cell : best));
    const lowest = cells.reduce((best, cell) => (cell.value < best.value ? cell : best));
    return `${name}: highest ${at(highest)}; lowest ${at(lowest)}`;
  });
  const count = counted(panels.length, 'matrix', 'matrices');
  return `${unit}: ${count} of ${rowAxis} (rows) by ${columnAxis} (columns). ${texts.join('. ')}.`;
}
