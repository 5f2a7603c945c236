// The residual stream as a sum of table rows, which is what it is before anything has been added to it: a token's row of W_E
// and, in some ways of knowing positions, a position's row of W_pos. Whatever is linear in it can be taken of the tables, once
// for each state of the weights, instead of every position of every sequence; LayerNorm's scale, which is not, divides the sum.
// Gradients take the way back: every position adds to its rows, and a batch's sums are carried to the weights once.
import type { Tensor } from '../../engine/tensor.ts';
import type { ModelConfig } from '../config.ts';
import type { ParameterSet } from './component.ts';

/** (tokens[token] + positions[position]) / scale + shift, in each position of each sequence. */
export interface RowSum {
  /** [dVocab, dModel] */
  readonly tokens: Summand;
  /** [nCtx, dModel] */
  readonly positions: Summand | null;
  /** Null for a scale of 1 and no shift. */
  readonly norm: SumNorm | null;
}

export interface Summand {
  readonly table: Tensor;
  /** Where gradients of the table are added, once a step; null where nobody learns from them. */
  gradientIn(gradients: ParameterSet): Tensor | null;
}

/** LayerNorm of a sum. stats and dStats: (scale, mean) of each position; shift: [dModel]. */
export interface SumNorm {
  readonly stats: Tensor;
  /** Readers add to it. */
  readonly dStats: Tensor;
  readonly shift: Tensor;
  shiftGradientIn(gradients: ParameterSet): Tensor;
}

/** From how many positions for each row of the tables on they are worth it: measured (benchmarks/tables.mjs). */
const POSITIONS_PER_ROW = 3;

/**
 * Whether a step that sees so many positions gains from tables. It follows from the experiment alone, as its bits must. They
 * are made for a first layer in which attention alone reads the stream, through LayerNorm or as it is.
 */
export const tablesPay = (config: ModelConfig, positions: number): boolean => {
  const { dVocab, nCtx, normalization, parallelAttnMlp = false } = config;
  return normalization !== 'RMS' && !parallelAttnMlp && positions >= POSITIONS_PER_ROW * (dVocab + nCtx);
};
