import { textWidth } from '../frame/text.ts';

/** What the layout needs to know of the panels; all share one cell size, that of the largest. */
export interface HeatmapExtent {
  readonly panels: number;
  /** Rows and columns of the largest panel. */
  readonly rows: number;
  readonly columns: number;
  readonly rowLabels: readonly string[];
  readonly columnLabels: readonly string[];
  /** Whether all panels have the same rows, which are then named once per line of panels. */
  readonly sharedRows: boolean;
  /** Every number as it would be written into its cell. */
  readonly numbers: readonly string[];
}

/** Sizes in pixels. */
export interface HeatmapLayout {
  /** A rectangle per cell, or one image per panel. */
  readonly mode: 'cells' | 'image';
  /** Font size of the numbers in cells; null where they do not fit. */
  readonly numberSize: number | null;
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** Panels in a line, the left edge of the first, and from one to the next. */
  readonly perLine: number;
  readonly left: number;
  readonly pitch: number;
  readonly rowLabelWidth: number;
  /** Every how many rows and columns carry a label. */
  readonly rowStride: number;
  readonly columnStride: number;
  readonly columnLabels: 'flat' | 'upright';
  /** Height of the column labels below a panel. */
  readonly columnLabelHeight: number;
}

export const labelSize = 10;
export const axisGutter = 36;
const padding = 16;
const gap = 18;
const mostCells = 256;
const strides = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/** Decides how many panels stand in a line, how large cells are, and which labels are written. */
export function layoutHeatmaps(extent: HeatmapExtent, width: number): HeatmapLayout {
  const { panels, rows, columns, sharedRows } = extent;
  const rowLabelWidth = Math.min(
    0.3 * width,
    Math.max(...extent.rowLabels.map((label) => textWidth(label, labelSize))),
  );
  const left = axisGutter + rowLabelWidth + 6;
  const between = sharedRows ? gap : gap + rowLabelWidth + 6;
  const cellAt = (perLine: number) => (width - left - padding - (perLine - 1) * between) / perLine / columns;
  const mode = rows * columns <= mostCells ? 'cells' : 'image';
  const needed = (size: number) => Math.max(...extent.numbers.map((text) => textWidth(text, size))) + 4;
  const numberSize = mode === 'cells' ? ([11, 9].find((size) => needed(size) <= cellAt(1)) ?? null) : null;
  const least = numberSize === null ? leastCell(rows, columns, mode) : needed(numberSize);
  const most = Math.min(panels, numberSize === null ? panelsPerLine(panels) : panels);
  const fitting = Array.from({ length: most }, (_, i) => most - i).find((perLine) => cellAt(perLine) >= least) ?? 1;
  const perLine = Math.ceil(panels / Math.ceil(panels / fitting));
  const cell = cellSize({ rows, columns, room: cellAt(perLine), withNumbers: numberSize !== null });
  const rowStride = strideOf(12, cell.cellHeight);
  const axis = columnAxis(extent.columnLabels, cell.cellWidth);
  const columnStride = Math.max(axis.columnStride, rows === columns ? rowStride : 1);
  return {
    mode,
    numberSize,
    ...cell,
    perLine,
    left,
    rowLabelWidth,
    pitch: columns * cell.cellWidth + between,
    ...axis,
    rowStride: rows === columns && axis.columnLabels === 'flat' ? columnStride : rowStride,
    columnStride,
  };
}

/** Panels of few rows are wide; the others get square cells. */
const isWide = (rows: number, columns: number): boolean => 2 * rows <= columns;

function leastCell(rows: number, columns: number, mode: HeatmapLayout['mode']): number {
  if (!isWide(rows, columns)) return 96 / columns;
  return mode === 'cells' ? 18 : 6;
}

function panelsPerLine(panels: number): number {
  if (panels <= 16) return 4;
  return panels <= 24 ? 6 : 8;
}

function cellSize(of: { rows: number; columns: number; room: number; withNumbers: boolean }) {
  const { rows, columns, room, withNumbers } = of;
  if (withNumbers) {
    const cellWidth = Math.min(room, 64);
    return { cellWidth, cellHeight: Math.max(20, Math.min(34, 0.65 * cellWidth)) };
  }
  if (isWide(rows, columns)) return { cellWidth: Math.min(room, 30), cellHeight: Math.max(13, Math.min(room, 22)) };
  const cellWidth = Math.min(room, 28, 360 / columns);
  return { cellWidth, cellHeight: cellWidth };
}

const strideOf = (needed: number, cell: number): number =>
  strides.find((stride) => stride * cell >= needed) ?? strides[strides.length - 1]!;

/** Labels stand flat where all fit; names that do not fit stand upright where cells are wide enough; the rest is thinned. */
function columnAxis(labels: readonly string[], cellWidth: number) {
  const widest = Math.max(...labels.map((label) => textWidth(label, labelSize)));
  const numeric = labels.every((label) => /^[−-]?\d+$/.test(label));
  if (widest + 3 > cellWidth && !numeric && cellWidth >= 11)
    return { columnLabels: 'upright' as const, columnStride: 1, columnLabelHeight: widest + 8 };
  return {
    columnLabels: 'flat' as const,
    columnStride: strideOf(widest + (numeric ? 5 : 3), cellWidth),
    columnLabelHeight: 16,
  };
}
