import { beginFigure, type FigureOptions, finishFigure } from './figureFrame.ts';

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

export function sweepChart(record: SweepRecord, options: FigureOptions = {}): string {
  const frame = beginFigure(where, { title: record.title, description: record.yAxis }, options);
  return finishFigure(frame, frame.top);
}
