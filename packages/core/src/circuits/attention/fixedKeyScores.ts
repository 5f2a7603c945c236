// Attention to a fixed key, whatever the tokens: the token before, the token itself, the first one. All are shares of
// attention, 0 to 1, over the same queries q ≥ 1, counted from `start`, where the first drawn token stands: 1 behind a
// start token, which is then the first token that the third of them looks at. Formulas: docs/scores.md.
import type { AttentionWeight } from '../data/patternRuns.ts';
import { type Line, meanAlong } from './line.ts';

/** Where a previous-token head looks; `to` ends the queries, T − 1 for all that have a target. */
export const previousTokenLine = (to: number, start = 0): Line => ({ from: start + 1, to, key: (q) => q - 1 });
export const currentTokenLine = (to: number, start = 0): Line => ({ from: start + 1, to, key: (q) => q });
export const firstTokenLine = (to: number, start = 0): Line => ({ from: start + 1, to, key: () => 0 });

/**
 * Previous-token score: mean over q ≥ start + 1 of pattern[q, q − 1]; `to` ends the queries, T − 1 for all of them.
 * @param start Position of the first drawn token: 1 behind a start token, else 0.
 * @returns Share of attention, 0 to 1.
 */
export const previousTokenScore = (attention: AttentionWeight, to: number, start = 0): number =>
  meanAlong(attention, previousTokenLine(to, start));

/**
 * Attention to the token itself, over the same queries.
 * @param to The end of the queries, which is not one of them.
 * @param start Position of the first drawn token: 1 behind a start token, else 0.
 * @returns Share of attention, 0 to 1.
 */
export const currentTokenScore = (attention: AttentionWeight, to: number, start = 0): number =>
  meanAlong(attention, currentTokenLine(to, start));

/**
 * Attention to position 0, over the same queries.
 * @param to The end of the queries, which is not one of them.
 * @param start Position of the first drawn token: 1 behind a start token, else 0.
 * @returns Share of attention, 0 to 1.
 */
export const firstTokenScore = (attention: AttentionWeight, to: number, start = 0): number =>
  meanAlong(attention, firstTokenLine(to, start));
