import { beginFigure, type FigureOptions, finishFigure } from './figureFrame.ts';

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

/** What `heatmaps` draws. */
export interface HeatmapsRecord {
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

export function heatmaps(record: HeatmapsRecord, options: FigureOptions = {}): string {
  const frame = beginFigure(where, { title: record.title, description: record.unit }, options);
  return finishFigure(frame, frame.top);
}
