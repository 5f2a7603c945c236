// The induction stripe: attention to the token after the earlier copy, where a block repeats at a known period.
import type { AttentionWeight } from '../data/patternRuns.ts';
import { repeatQueries, type StripePlace } from '../data/twoCopies.ts';
import { type Line, meanAlong } from './line.ts';

export type { StripePlace };

/** Where an induction head looks: the repeat queries q = start + P … T − 2, each at q − P + 1. */
export function stripeLine(place: StripePlace): Line {
  const [from, to] = repeatQueries(place);
  return { from, to, key: (q) => q - place.period + 1 };
}

/**
 * Induction score, stripe: mean over the repeat queries q = start + P … T − 2 of pattern[q, q − P + 1]. The key is
 * q − P + 1, the successor of the current token's last copy, not q − P. `start` is where the block starts: 1
 * behind a start token, else 0. Olsson et al. (2022) count the same cells.
 * @returns Share of attention, 0 to 1.
 */
export const inductionStripe = (attention: AttentionWeight, place: StripePlace): number =>
  meanAlong(attention, stripeLine(place));
