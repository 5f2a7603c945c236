import { beginFigure, type FigureOptions, finishFigure } from './figureFrame.ts';

/** One effect, drawn as a row. */
export interface EffectRow {
  /** What was done or measured, such as "L1H3" or "circuit of 3 heads". */
  readonly label: string;
  /** A second line below the label, such as "induction head". */
  readonly note?: string;
  /** The effect, in the record's unit. */
  readonly value: number;
  /** Lower and upper end of the effect's interval, in the record's unit. */
  readonly interval?: readonly [low: number, high: number];
  /** What sort of row this is, such as 'circuit' or 'control': it decides the mark's shape and colour. */
  readonly kind?: string;
  /** Values to compare with, such as those of matched random sets, in the record's unit; drawn as faint dots in the row. */
  readonly points?: readonly number[];
}

/** Rows that belong together. */
export interface EffectGroup {
  readonly title?: string;
  /** In the order to draw, at least one. */
  readonly rows: readonly EffectRow[];
}

/** What `effectChart` draws. */
export interface EffectRecord {
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

export function effectChart(record: EffectRecord, options: FigureOptions = {}): string {
  const frame = beginFigure(where, { title: record.title, description: record.unit }, options);
  return finishFigure(frame, frame.top);
}
