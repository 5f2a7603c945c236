// Operations on what is a sum of table rows: a token's row and a position's. A model's first layer reads such sums, so its
// products can be taken of the tables once instead of every position of every sequence.
import type { Integers, Tensor } from './tensor.ts';

/** Rows of a table by index. */
export interface Rows {
  readonly table: Tensor;
  readonly index: Integers;
}

/** A division by the scale of each row, and what is added after it. stats: [rows, 2], (scale, mean); offset: one row. */
export interface Scaled {
  readonly stats: Tensor;
  readonly offset: Tensor;
}

export interface ScaledGradient extends Scaled {
  readonly dStats: Tensor;
}

export interface LookUp {
  readonly tokens: Rows;
  readonly positions: Rows | null;
  /** Null for a scale of 1 and an offset of 0. */
  readonly scaled: Scaled | null;
  readonly out: Tensor;
}

export interface LookUpGradient {
  readonly dOut: Tensor;
  readonly out: Tensor;
  readonly scaled: ScaledGradient | null;
  /** Gradients of the tables. Scaled rows have positions. */
  readonly dTokens: Rows;
  readonly dPositions: Rows | null;
}

export interface TableOps {
  /** out[i, :] = (tokens.table[tokens.index[i], :] + positions.table[positions.index[i], :]) / scale[i] + offset */
  lookUp(rows: LookUp): void;
  /** Adds dOut / scale to the rows of the tables' gradients, and the gradient of the scale to dStats. */
  lookUpBackward(gradient: LookUpGradient): void;
  /** stats[i] = (scale, mean) of each row of x, as layerNorm has them. */
  moments(x: Tensor, stats: Tensor, eps: number): void;
  /** dx += the gradient that reaches x through its scale alone. */
  momentsBackward(x: Tensor, stats: Tensor, dStats: Tensor, dx: Tensor): void;
  /** out = (x − mean of each row) · gain */
  centre(x: Tensor, gain: Tensor, out: Tensor): void;
  /** Adds to dGain, and to dx unless that is null. */
  centreBackward(gradient: { x: Tensor; gain: Tensor; dOut: Tensor; dx: Tensor | null; dGain: Tensor }): void;
}
