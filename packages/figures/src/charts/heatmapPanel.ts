import { draw, drawText, type Frame } from '../frame/figureFrame.ts';
import { crispEdges } from '../frame/indexedPng.ts';
import { shorten } from '../frame/text.ts';
import { textColourOn, type ValueRamp, valueImage } from '../scales/valueRamp.ts';
import { type HeatmapLayout, labelSize } from './heatmapLayout.ts';

/** One matrix of values. */
export interface HeatmapPanel {
  /** What the panel shows, such as "K" or "L1H3". */
  readonly title: string;
  /** A second line below the title, such as "chance 0.125 ± 0.007". */
  readonly note?: string;
  /** One label per row, from the top. */
  readonly rows: readonly string[];
  /** One label per column, from the left. */
  readonly columns: readonly string[];
  /** Shape [row, column], row-major: values[row * columns.length + column], in the record's unit; NaN where a value does not apply. */
  readonly values: ArrayLike<number>;
}

/** A panel's place: the top left corner of its cells, its index in the record, and whether its rows are named beside it. */
export interface HeatmapPlace {
  readonly x: number;
  readonly y: number;
  readonly index: number;
  readonly rowLabels: boolean;
}

interface Style {
  readonly layout: HeatmapLayout;
  readonly ramp: ValueRamp;
  readonly format: (value: number) => string;
}

/** Draws a panel's cells, its border and its labels. */
export function drawHeatmapPanel(frame: Frame, panel: HeatmapPanel, place: HeatmapPlace, style: Style): void {
  const { layout, ramp } = style;
  const { x, y, index } = place;
  const width = panel.columns.length * layout.cellWidth;
  const height = panel.rows.length * layout.cellHeight;
  if (layout.mode === 'cells') drawCells(frame, panel, place, style);
  else {
    // Opaque pixels cover the hatching, which then shows only where a value does not apply.
    if (Array.from(panel.values).some(Number.isNaN)) drawHatching(frame, { x, y, width, height });
    draw(frame, 'image', {
      class: 'heatmap',
      'data-panel': index,
      'data-rows': panel.rows.length,
      'data-columns': panel.columns.length,
      x,
      y,
      width,
      height,
      preserveAspectRatio: 'none',
      href: valueImage(panel.values, [panel.rows.length, panel.columns.length], ramp),
      ...crispEdges,
    });
  }
  const border = { x: x - 0.5, y: y - 0.5, width: width + 1, height: height + 1 };
  draw(frame, 'rect', { ...border, fill: 'none', stroke: frame.palette.faint, 'stroke-width': 1 });
  drawLabels(frame, panel, place, layout);
}

function drawCells(frame: Frame, { rows, columns, values }: HeatmapPanel, place: HeatmapPlace, style: Style): void {
  const { cellWidth: width, cellHeight: height, numberSize } = style.layout;
  rows.forEach((row, i) => {
    columns.forEach((column, j) => {
      const value = values[i * columns.length + j]!;
      const [x, y] = [place.x + j * width, place.y + i * height];
      // A hair of the page between cells keeps equal neighbours countable.
      const box = { x: x + 0.5, y: y + 0.5, width: width - 1, height: height - 1 };
      if (Number.isNaN(value)) {
        drawHatching(frame, box);
        return;
      }
      const colour = style.ramp.colour(style.ramp.level(value));
      const data = { 'data-panel': place.index, 'data-row': row, 'data-column': column, 'data-value': value };
      draw(frame, 'rect', { class: 'cell', ...data, ...box, fill: `rgb(${colour.join(',')})` });
      if (numberSize !== null)
        drawText(frame, style.format(value), {
          x: x + width / 2,
          y: y + height / 2 + 0.36 * numberSize,
          size: numberSize,
          anchor: 'middle',
          colour: textColourOn(colour),
        });
    });
  });
}

/** Draws rising lines across a box, cut at its edges by hand: a pattern fill would need an id. */
export function drawHatching(
  frame: Frame,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
): void {
  const spacing = 5;
  let d = '';
  for (let sum = spacing; sum < width + height; sum += spacing) {
    // Points of the box with (right of left edge) + (below top edge) = sum.
    const [a, b] = [Math.max(0, sum - height), Math.min(width, sum)];
    d += `M${(x + a).toFixed(1)},${(y + sum - a).toFixed(1)}L${(x + b).toFixed(1)},${(y + sum - b).toFixed(1)}`;
  }
  const stroke = frame.palette.muted;
  draw(frame, 'path', { class: 'hatching', d, fill: 'none', stroke, 'stroke-width': 0.7, 'stroke-opacity': 0.75 });
}

function drawLabels(frame: Frame, { rows, columns }: HeatmapPanel, place: HeatmapPlace, layout: HeatmapLayout): void {
  const { cellWidth, cellHeight } = layout;
  const colour = frame.palette.muted;
  if (place.rowLabels)
    rows.forEach((label, i) => {
      if (i % layout.rowStride !== 0) return;
      const at = { x: place.x - 6, y: place.y + (i + 0.5) * cellHeight + 3.5 };
      const text = shorten(label, layout.rowLabelWidth, labelSize);
      drawText(frame, text, { ...at, size: labelSize, anchor: 'end', colour });
    });
  const foot = place.y + rows.length * cellHeight;
  columns.forEach((label, j) => {
    if (j % layout.columnStride !== 0) return;
    const x = place.x + (j + 0.5) * cellWidth;
    if (layout.columnLabels === 'flat')
      drawText(frame, label, { x, y: foot + 13, size: labelSize, anchor: 'middle', colour });
    else drawText(frame, label, { x: x + 3.5, y: foot + 5, size: labelSize, anchor: 'end', rotate: -90, colour });
  });
}
