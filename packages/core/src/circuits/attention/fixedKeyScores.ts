// Attention to a fixed key, whatever the tokens: the token before, the token itself, the first one. All are shares of
// attention, 0 to 1, over the same queries q ≥ 1. Formulas: docs/scores.md.
import type { AttentionWeight } from '../data/patternRuns.ts';
import { type Line, meanAlong } from './line.ts';

/** Where a previous-token head looks; `to` ends the queries, T − 1 for all that have a target. */
export const previousTokenLine = (to: number): Line => ({ from: 1, to, key: (q) => q - 1 });
export const currentTokenLine = (to: number): Line => ({ from: 1, to, key: (q) => q });
export const firstTokenLine = (to: number): Line => ({ from: 1, to, key: () => 0 });

/** Previous-token score: mean over q ≥ 1 of pattern[q, q − 1]; `to` ends the queries, T − 1 for all of them. */
export const previousTokenScore = (attention: AttentionWeight, to: number): number =>
  meanAlong(attention, previousTokenLine(to));

/** Attention to the token itself, over the same queries. */
export const currentTokenScore = (attention: AttentionWeight, to: number): number =>
  meanAlong(attention, currentTokenLine(to));

/** Attention to position 0, over the same queries. */
export const firstTokenScore = (attention: AttentionWeight, to: number): number =>
  meanAlong(attention, firstTokenLine(to));
