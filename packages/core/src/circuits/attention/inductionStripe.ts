// The induction stripe: attention to the token after the earlier copy, where a block repeats at a known period.
import type { AttentionWeight } from '../data/patternRuns.ts';
import { type Line, meanAlong } from './line.ts';

/** Where the block starts, its period, and where the sequence ends. */
export interface StripePlace {
  readonly start: number;
  readonly period: number;
  readonly length: number;
}

/** Two copies of a block from position 0, and no more: where the scan of periods and the path tests look. */
export const twoCopies = (period: number): StripePlace => ({ start: 0, period, length: 2 * period });

/** Where an induction head looks: the repeat queries q = start + P … T − 2, each at q − P + 1. */
export const stripeLine = ({ start, period, length }: StripePlace): Line => ({
  from: start + period,
  to: length - 1,
  key: (q) => q - period + 1,
});

/**
 * Induction score, stripe: mean over the repeat queries q = start + P … T − 2 of pattern[q, q − P + 1]. The key is
 * q − P + 1, the successor of the current token's last copy, not q − P. `start` is where the block starts; there is no
 * start token. Olsson et al. (2022) count the same cells.
 */
export const inductionStripe = (attention: AttentionWeight, place: StripePlace): number =>
  meanAlong(attention, stripeLine(place));
