// The scores of all heads of a model as a record (docs/scores.md defines each).
import type { Estimate } from '../statistics/estimate.ts';
import type { PositionalOffset } from './offsets.ts';
import type { DetectorChance, DetectorScore } from './scoredDetectors.ts';
import type { ScoreName } from './scoreTable.ts';

/** One head's scores (docs/scores.md defines each). */
export type HeadScores = Readonly<Record<ScoreName, Estimate>> & {
  /** L0H3 */
  readonly label: string;
  readonly layer: number;
  readonly head: number;
  /** On the control: the offset d ≥ 2 with the largest mean of pattern[q, q − d] above chance. */
  readonly positionalOffset: PositionalOffset;
  /** Σ (mean A)² / Σ mean(A²) over sequences of the control, unbiased: 1 when the pattern does not depend on the tokens. */
  readonly positionality: number;
  /** Attention to q − P + 1 on two copies of a block, minus the same cells on the control, for every period of the scan. */
  readonly excessByPeriod: readonly number[];
  /** Mean of pattern[q, q − d] on the control minus chance, for d = 0, 1, … T/2. */
  readonly offsetsAboveChance: readonly number[];
  /** By the name of each detector that was given. */
  readonly detectors?: Readonly<Record<string, DetectorScore>>;
};

/** The scores of all heads of a model, and what they were measured on. */
export interface HeadScoresRecord {
  readonly heads: readonly HeadScores[];
  /** What uniform attention scores. */
  readonly chance: Readonly<Record<ScoreName, number>>;
  /** Tokens of the longest sequences: the context, or, where that is very long, the length that was analysed instead. */
  readonly length: number;
  /** Periods of the scan, and the one that the stripe scores use: the longest, half the context in a large vocabulary. */
  readonly periods: readonly number[];
  /** The period of the stripe scores, in tokens. */
  readonly stripePeriod: number;
  /** Block length of the prefix-matching probe, repeated four times. */
  readonly prefixMatchingBlock: number;
  /** How many sequences were measured. */
  readonly sequences: number;
  /** Seed of the sequences that are drawn. */
  readonly seed: number;
  /** The detectors that were given besides the built-in ones. */
  readonly detectors?: readonly DetectorChance[];
}
