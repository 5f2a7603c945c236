import { beginFigure, type FigureOptions, finishFigure } from './figureFrame.ts';
import type { Stripe } from './patternPanel.ts';

/** What `patternTimeline` draws. */
export interface PatternTimelineRecord {
  readonly title: string;
  /** Positions in the sequence, the same at every step. */
  readonly size: number;
  /** The heads to follow, in the order to draw; `mark` says what a head was found to be. */
  readonly heads: readonly { readonly label: string; readonly mark?: string }[];
  /** Optimiser steps done at each checkpoint, ascending. */
  readonly steps: readonly number[];
  /** Attention patterns, [head][step], each of shape [queryPos, keyPos], row-major, after softmax, future keys 0. */
  readonly patterns: readonly (readonly ArrayLike<number>[])[];
  /** Where weight is expected in the end; its mean weight is written into each panel. */
  readonly stripe?: Stripe;
}

const where = 'patternTimeline';

export function patternTimeline(record: PatternTimelineRecord, options: FigureOptions = {}): string {
  const frame = beginFigure(where, { title: record.title, description: 'Attention patterns by step.' }, options);
  return finishFigure(frame, frame.top);
}
