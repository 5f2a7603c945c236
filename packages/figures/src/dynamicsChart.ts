import { beginFigure, type FigureOptions, finishFigure } from './figureFrame.ts';

/** One quantity over training. */
export interface DynamicsLine {
  /** What is measured, such as "L1H3" or "repeat". */
  readonly label: string;
  /** Optimiser steps done, whole numbers from 0, ascending. */
  readonly steps: readonly number[];
  /** Shape [step], in the panel's unit; NaN leaves a gap. */
  readonly values: ArrayLike<number>;
  /** Emphasised lines are strong and named at their end, the others faint and thin; without any in a panel, all its lines are strong. */
  readonly emphasis?: boolean;
}

/** Lines that share a vertical axis. */
export interface DynamicsPanel {
  readonly title: string;
  /** The values' unit, such as "nats per token" or "share of attention". */
  readonly unit: string;
  readonly lines: readonly DynamicsLine[];
  /** Ends of the vertical axis; by default the range of what is drawn, 0 included. */
  readonly domain?: readonly [low: number, high: number];
  /** A level worth comparing with, such as chance. */
  readonly reference?: { readonly value: number; readonly label: string };
}

/** What `dynamicsChart` draws. */
export interface DynamicsRecord {
  readonly title: string;
  /** From the top down, at least one. */
  readonly panels: readonly DynamicsPanel[];
  /** Steps worth pointing at, in all panels. */
  readonly events: readonly { readonly step: number; readonly label: string }[];
  /** Default 'linear'. */
  readonly xScale?: 'linear' | 'log';
}

const where = 'dynamicsChart';

export function dynamicsChart(record: DynamicsRecord, options: FigureOptions = {}): string {
  const frame = beginFigure(where, { title: record.title, description: 'Training dynamics.' }, options);
  return finishFigure(frame, frame.top);
}
