// Exactly two copies of a block, as probes have them: where they lie behind a start token, and what of them counts.
import { firstDrawn, type Opening } from '../../model/startToken.ts';
import { mean } from '../statistics/estimate.ts';

/** Where the block starts, its period, and where the sequence ends. */
export interface StripePlace {
  /** Position of its first token. */
  readonly start: number;
  /** Length of the block, in tokens. */
  readonly period: number;
  /** Tokens of the sequence. */
  readonly length: number;
}

/**
 * Two copies of a block and no more, from the first token drawn on: where the scan of periods and the path tests look.
 * @param opening What stands in front of the block.
 * @param period Length of the block, in tokens.
 */
export function twoCopies(opening: Opening, period: number): StripePlace {
  const start = firstDrawn(opening);
  return { start, period, length: start + 2 * period };
}

/** The period of two copies in a sequence of that length. */
export const periodOfLength = (opening: Opening, length: number): number => (length - firstDrawn(opening)) / 2;

/**
 * The queries [from, to) whose next token the first copy tells: start + P … T − 2.
 * @returns The range of positions.
 */
export const repeatQueries = ({ start, period, length }: StripePlace): readonly [from: number, to: number] => [
  start + period,
  length - 1,
];

/** lossRepeat of a sequence whose losses are given by query, nats. */
export const lossOnRepeat = (losses: Float64Array, place: StripePlace): number =>
  mean(losses.subarray(...repeatQueries(place)));
