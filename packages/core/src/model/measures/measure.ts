// What a run is measured by: one number for each sequence, and its gradient with respect to the logits.
import type { Floats } from '../../engine/tensor.ts';

/** What a measure is told of a sequence: copies, which are its own. */
export interface MeasuredSequence {
  /** [pos, dVocab], row-major. */
  readonly logits: Floats;
  /** Tokens of the vocabulary: the length of a row of `logits`. */
  readonly dVocab: number;
  /** [pos] */
  readonly tokens: ArrayLike<number>;
  /** The positions that count, at least one. */
  readonly queries: readonly number[];
  /** The right answer at each of the queries: the next token unless told; −1 where neither is there and the measure `needs` none. */
  readonly answers: readonly number[];
  /** A wrong answer at each of the queries; empty unless told. */
  readonly wrong: readonly number[];
}

/** What is compared between runs: a number of each sequence. */
export interface Measure {
  /** What it is called in records and messages. */
  readonly name: string;
  /** Such as "nats". */
  readonly unit: string;
  /** Which numbers a model that does better has: lower ones of a loss. Analyses that must know try it out where it is left out. */
  readonly better?: 'higher' | 'lower';
  /** What it must be told of every query besides the logits: nothing by default. */
  readonly needs?: readonly ('answers' | 'wrong')[];
  /**
   * The number of a sequence, in the measure's unit.
   * @returns A finite number.
   */
  value(sequence: MeasuredSequence): number;
  /** dValue / dLogits: [pos, dVocab], row-major. A measure without it can be measured, and has no gradients. */
  gradient?(sequence: MeasuredSequence): ArrayLike<number>;
}
