import { checkNotEmpty } from '../frame/checks.ts';
import {
  beginFigure,
  draw,
  drawText,
  type FigureOptions,
  type Frame,
  finishFigure,
  fontSize,
} from '../frame/figureFrame.ts';
import { crispEdges } from '../frame/indexedPng.ts';
import { formatShare, textWidth, wrapText } from '../frame/text.ts';
import { type Hue, hueRamp, type ValueRamp, valueImage, valueRampImage } from '../scales/valueRamp.ts';

/** One score of all heads. */
export interface HeadMapPanel {
  /** What the panel shows. */
  readonly title: string;
  /** Its colour. */
  readonly hue: Hue;
  /** [layer, head], shares from 0 to 1; what lies below 0 has the colour of 0. */
  readonly values: ArrayLike<number>;
  /** What uniform attention would score, and what the panel says of it. */
  readonly chance: number;
  /** Heads that are named and outlined, as layer × heads + head, the strongest first; absent where none is to be. */
  readonly marked?: readonly number[];
}

/** What `headMapChart` draws. */
export interface HeadMapChartRecord {
  /** The figure’s title. */
  readonly title: string;
  /** Layers of the model. */
  readonly layers: number;
  /** Heads of each layer. */
  readonly heads: number;
  readonly panels: readonly HeadMapPanel[];
}

const where = 'headMapChart';
const [edge, gutter, gap] = [16, 30, 22];
const [labelSize, lineHeight, mostNotes] = [10, 14, 3];
/** Cells up to this are drawn one by one, with their values; more as one image. */
const mostCells = 512;

/**
 * Draws a map of layers (rows, the first at the bottom, as the residual stream flows upwards) by heads for each score, in a colour of its
 * own. Marked heads are outlined and named above their map with their values.
 *
 * Each small cell is a `<rect class="head">` with `data-panel`, `data-head` (L0H3) and `data-value`; each larger map an `<image
 * class="heads">` with `data-panel`; each outline a `<rect class="marked">` with `data-head`.
 *
 * Throws if there are no panels, layers or heads, or if a panel has not one finite value for each head.
 */
export function headMapChart(record: HeadMapChartRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const frame = beginFigure(where, { title: record.title, description: describe(record) }, options);
  const layout = layoutOf(record, frame.width);
  for (let start = 0; start < record.panels.length; start += layout.perLine) {
    const line = record.panels.slice(start, start + layout.perLine);
    const headings = line.map((panel) => headingOf(record, panel, layout));
    const height = lineHeight * Math.max(...headings.map((lines) => lines.length));
    line.forEach((panel, i) => {
      const x = edge + gutter + i * layout.pitch;
      headings[i]!.forEach(({ text, bold }, l) => {
        const colour = bold ? frame.palette.ink : frame.palette.muted;
        drawText(frame, text, {
          x,
          y: frame.top + 10 + l * lineHeight,
          size: bold ? fontSize : labelSize,
          weight: bold ? 600 : 400,
          colour,
        });
      });
      drawMap(frame, record, panel, { x, y: frame.top + height + 6, index: start + i, layout });
    });
    frame.top += height + 6 + record.layers * layout.cellHeight + 58;
  }
  return finishFigure(frame, frame.top);
}

interface Layout {
  readonly perLine: number;
  readonly pitch: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
}

/** As many maps in a line as leave cells of nine pixels, at least one. */
function layoutOf({ panels, heads, layers }: HeadMapChartRecord, width: number): Layout {
  const cellAt = (perLine: number): number =>
    (width - 2 * edge - perLine * gutter - (perLine - 1) * gap) / perLine / heads;
  const counts = Array.from({ length: panels.length }, (_, i) => panels.length - i);
  const most = counts.find((count) => cellAt(count) >= 9) ?? 1;
  const perLine = Math.ceil(panels.length / Math.ceil(panels.length / most));
  const cellWidth = Math.min(cellAt(perLine), 26);
  const cellHeight = Math.min(cellWidth, 18, Math.max(4, 420 / layers));
  return { perLine, cellWidth, cellHeight, pitch: Math.max(cellAt(perLine), cellWidth) * heads + gutter + gap };
}

/** The title, and the marked heads with their values in as many lines as there is room for. */
function headingOf(
  { heads }: HeadMapChartRecord,
  { title, marked, values, chance }: HeadMapPanel,
  { pitch }: Layout,
): { text: string; bold: boolean }[] {
  const width = pitch - gap - gutter;
  const named = (marked ?? []).map((i) => `${labelOf(i, heads)} ${formatShare(values[i] as number)}`);
  const lines = marked
    ? wrapText(named.length === 0 ? 'none above the threshold' : named.join(', '), width, labelSize)
    : [];
  const shown = lines.length <= mostNotes ? lines : [...lines.slice(0, mostNotes - 1), `… ${named.length} in all`];
  return [
    ...wrapText(title, width, fontSize, true).map((text) => ({ text, bold: true })),
    ...wrapText(`chance ${formatShare(chance)}`, width, labelSize).map((text) => ({ text, bold: false })),
    ...shown.map((text) => ({ text, bold: false })),
  ];
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly index: number;
  readonly layout: Layout;
}

function drawMap(frame: Frame, record: HeadMapChartRecord, panel: HeadMapPanel, place: Place): void {
  const { layers, heads } = record;
  const { x, y, index, layout } = place;
  const { cellWidth, cellHeight } = layout;
  const [width, height] = [heads * cellWidth, layers * cellHeight];
  const ramp = hueRamp(frame.theme, panel.hue, [0, 1]);
  const topOf = (layer: number): number => y + (layers - 1 - layer) * cellHeight;
  if (layers * heads <= mostCells)
    Array.from(panel.values).forEach((value, i) => {
      const [layer, head] = [Math.floor(i / heads), i % heads];
      const fill = `rgb(${ramp.colour(ramp.level(value)).join(',')})`;
      const data = { 'data-panel': index, 'data-head': labelOf(i, heads), 'data-value': value };
      const box = {
        x: x + head * cellWidth + 0.5,
        y: topOf(layer) + 0.5,
        width: cellWidth - 1,
        height: cellHeight - 1,
      };
      draw(frame, 'rect', { class: 'head', ...data, ...box, fill });
    });
  else {
    const upwards = Array.from({ length: layers * heads }, (_, i) =>
      Number(panel.values[(layers - 1 - Math.floor(i / heads)) * heads + (i % heads)]),
    );
    const href = valueImage(upwards, [layers, heads], ramp);
    draw(frame, 'image', {
      class: 'heads',
      'data-panel': index,
      x,
      y,
      width,
      height,
      preserveAspectRatio: 'none',
      href,
      ...crispEdges,
    });
  }
  const border = { x: x - 0.5, y: y - 0.5, width: width + 1, height: height + 1 };
  draw(frame, 'rect', { ...border, fill: 'none', stroke: frame.palette.faint, 'stroke-width': 1 });
  for (const i of panel.marked ?? []) {
    const box = {
      x: x + (i % heads) * cellWidth,
      y: topOf(Math.floor(i / heads)),
      width: cellWidth,
      height: cellHeight,
    };
    draw(frame, 'rect', {
      class: 'marked',
      'data-head': labelOf(i, heads),
      ...box,
      fill: 'none',
      stroke: frame.palette.ink,
      'stroke-width': 1.2,
    });
  }
  drawAxes(frame, record, place);
  drawRamp(frame, ramp, { x, y: y + height + 36 });
}

function drawAxes(frame: Frame, { layers, heads }: HeadMapChartRecord, { x, y, layout }: Place): void {
  const { cellWidth, cellHeight } = layout;
  const colour = frame.palette.muted;
  const foot = y + layers * cellHeight;
  const every = (room: number, needed: number): number =>
    [1, 2, 5, 10, 20, 50, 100].find((n) => n * room >= needed) ?? 200;
  const rowStride = every(cellHeight, 12);
  for (let layer = 0; layer < layers; layer += rowStride)
    drawText(frame, String(layer), {
      x: x - 5,
      y: foot - (layer + 0.5) * cellHeight + 3.5,
      size: labelSize,
      anchor: 'end',
      colour,
    });
  const columnStride = every(cellWidth, textWidth(String(heads), labelSize) + 5);
  for (let head = 0; head < heads; head += columnStride)
    drawText(frame, String(head), {
      x: x + (head + 0.5) * cellWidth,
      y: foot + 12,
      size: labelSize,
      anchor: 'middle',
      colour,
    });
  drawText(frame, 'head', { x: x + (heads * cellWidth) / 2, y: foot + 25, size: labelSize, anchor: 'middle', colour });
  drawText(frame, 'layer', {
    x: x - gutter + 6,
    y: y + (layers * cellHeight) / 2,
    size: labelSize,
    rotate: -90,
    anchor: 'middle',
    colour,
  });
}

/** The panel's colours from 0 to 1. */
function drawRamp(frame: Frame, ramp: ValueRamp, { x, y }: { x: number; y: number }): void {
  const box = { x: x + 12, y, width: 60, height: 7 };
  draw(frame, 'image', {
    class: 'ramp',
    ...box,
    href: valueRampImage(ramp),
    preserveAspectRatio: 'none',
    ...crispEdges,
  });
  const text = { y: y + 7, size: labelSize, colour: frame.palette.muted };
  drawText(frame, '0', { x, ...text });
  drawText(frame, '1', { x: x + 77, ...text });
}

const labelOf = (i: number, heads: number): string => `L${Math.floor(i / heads)}H${i % heads}`;

function describe({ layers, heads, panels }: HeadMapChartRecord): string {
  const texts = panels.map(({ title, values, marked }) => {
    const best = Array.from(values).reduce((at, value, i, all) => (value > all[at]! ? i : at), 0);
    return `${title}: highest ${formatShare(values[best] as number)} at ${labelOf(best, heads)}${marked ? `, ${marked.length} above the threshold` : ''}`;
  });
  return `${layers} layers by ${heads} heads. ${texts.join('. ')}.`;
}

function checkRecord({ layers, heads, panels }: HeadMapChartRecord): void {
  checkNotEmpty(where, 'panels', panels, 'pass at least one { title, hue, values, chance, marked }');
  for (const [name, count] of Object.entries({ layers, heads }))
    if (!(Number.isInteger(count) && count > 0))
      throw new Error(`${where}: ${name} is ${count}; pass a whole number from 1.`);
  for (const { title, values } of panels) {
    if (values.length !== layers * heads)
      throw new Error(
        `${where}: panel "${title}" has ${values.length} values, ${layers} layers of ${heads} heads need ${layers * heads}; pass [layer, head].`,
      );
    const at = Array.from(values).findIndex((value) => !Number.isFinite(value));
    if (at >= 0)
      throw new Error(
        `${where}: panel "${title}" has ${values[at]} at ${labelOf(at, heads)}, expected a finite number; fix its source.`,
      );
  }
}
