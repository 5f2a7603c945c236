// Natural text: what each token costs, and how much less a late one costs than an early one.
import { ArgumentError } from '../../errors/arguments.ts';
import type { Model } from '../../model/model.ts';
import { runPatterns } from '../data/patternRuns.ts';
import type { Progress } from '../progress.ts';
import { type Estimate, estimate, mean } from '../statistics/estimate.ts';

/** What natural text costs, and the score in context. */
export interface InContext {
  /** Mean loss of a token, nats. */
  readonly loss: Estimate;
  /** Loss at position `late` minus loss at position `early` (Olsson et al. 2022: 500 and 50): below 0, context helps. */
  readonly score: Estimate;
  /** The earlier position, from 0. */
  readonly early: number;
  /** The later position, from 0. */
  readonly late: number;
  /** How many sequences were measured. */
  readonly sequences: number;
  /** Tokens of each sequence, a start token included. */
  readonly length: number;
  /** By position: the mean loss of the token that stands there; the first has none. */
  readonly lossByPosition: readonly number[];
  /** Every sequence with the loss of each of its tokens, null for the first. */
  readonly texts: readonly { readonly tokens: readonly number[]; readonly losses: readonly (number | null)[] }[];
}

/** Pieces of text that are measured at most, and their length. */
const MOST_PIECES = 8;
const LONGEST = 512;
/** Positions of the score (Olsson et al. 2022); a tenth and all of a shorter context. */
const LATE = 500;
const SHORTEST = 20;

/**
 * Cuts the tokens of a text into pieces as long as the context or 512 tokens, each behind the start token, and measures the
 * first 8. Throws an ArgumentError for a text of fewer than 20 tokens, a NotFiniteError where a loss is not finite.
 * @param text The tokens of a text.
 * @param progress Is told of every token run.
 */
export function inContext(model: Model, text: readonly number[], progress: Progress | null = null): InContext {
  const { nCtx, bos } = model.config;
  if (text.length < SHORTEST)
    throw new ArgumentError(
      `inContext: the text has ${text.length} tokens, and a score in context takes at least ${SHORTEST}; give a longer one.`,
    );
  const front = bos === undefined ? [] : [bos];
  const length = Math.min(nCtx, LONGEST, text.length + front.length);
  const own = length - front.length;
  const count = Math.min(MOST_PIECES, Math.floor(text.length / own));
  const tokens = Array.from({ length: count }, (_, i) => [...front, ...text.slice(i * own, (i + 1) * own)]);
  const losses = runPatterns(model, tokens, { progress });
  const late = Math.min(LATE, length - 1);
  const early = Math.max(1, Math.floor(late / 10));
  const at = (position: number): number[] => losses.map((row) => row[position - 1] as number);
  return {
    loss: estimate(losses.map((row) => mean(row))),
    score: estimate(at(late).map((x, s) => x - at(early)[s]!)),
    ...{ early, late, sequences: count, length },
    lossByPosition: Array.from({ length: length - 1 }, (_, i) => mean(at(i + 1))),
    texts: tokens.map((row, s) => ({ tokens: row, losses: [null, ...losses[s]!] })),
  };
}

/** Tokens that `inContext` runs at most. */
export const inContextSize = (model: Model, text: readonly number[]): number =>
  Math.min(text.length + MOST_PIECES, MOST_PIECES * Math.min(model.config.nCtx, LONGEST));
