// The operations a model is written in: the seam between the program and a backend. The program names tensors and never
// touches addresses. Only the three `linear` operations take tensors whose rows lie further apart than they are wide. Two backends implement it: wasmOps.ts (float32 kernels) and referenceOps.ts (float64 loops).
// An operation has finished when its call returns, and keeps the padding of what it writes zero (scores before the
// softmax, and logits after the loss, have −∞ there, which nothing reads).
import type { Activation } from './activations.ts';
import type { TableOps } from './tableOps.ts';
import { type Integers, padded, type Tensor } from './tensor.ts';

/** How many sequences of which length run together: 1 in training (a cache-sized workspace), a batch under study. */
export interface Extent {
  readonly sequences: number;
  readonly length: number;
}

/** What operations need to know of a model. */
export interface ModelSizes {
  readonly nHeads: number;
  readonly dHead: number;
  readonly dModel: number;
  readonly dVocab: number;
  /** Width of MLPs, where there are any. */
  readonly dMlp?: number;
  /** Scores are divided by this: sqrt(dHead) unless the model says otherwise. */
  readonly attnScale: number;
}

/** The longest padded row or column of any weight matrix: what scratch space must hold. */
export const widestMatrix = ({ nHeads, dHead, dModel, dVocab, dMlp = 0 }: ModelSizes): number =>
  Math.max(padded(dModel), nHeads * padded(dHead), padded(dVocab), padded(dMlp));

/** How many heads of the one, queries or what is mixed for them, share a head of the other, keys or values. */
export const groupSize = (ofQueries: Tensor, ofKeys: Tensor): number => ofQueries.width / ofKeys.width;

/**
 * Angles of rotary positions: tables of [pos, rotaryDim], cosines of the pairs first, then their sines. Pairs are
 * (i, i + half), or (2i, 2i + 1) where they are `adjacent`.
 */
export interface RotaryTables {
  half: number;
  table: Tensor;
  adjacent?: boolean;
}

/** Of an MLP's width, a row for each position: `pre` and `linear` alike; `bias` is one row. */
export interface Gate {
  readonly linear: Tensor;
  readonly bias: Tensor;
}

/** x and normalized: [rows, dModel]; stats: [rows, 2]. */
export interface LayerNorm {
  readonly x: Tensor;
  readonly gain: Tensor;
  readonly bias: Tensor;
  readonly stats: Tensor;
  readonly normalized: Tensor;
}

export interface LayerNormGradient {
  readonly x: Tensor;
  readonly gain: Tensor;
  readonly stats: Tensor;
  readonly dNormalized: Tensor;
  readonly init: Tensor | null;
  readonly dx: Tensor;
  readonly dGain: Tensor;
  readonly dBias: Tensor;
  readonly dStats: Tensor;
}

export interface ActivationGradient {
  readonly pre: Tensor;
  readonly dPost: Tensor;
  readonly dPre: Tensor;
  readonly gate: { readonly linear: Tensor; readonly dLinear: Tensor } | null;
}

export interface ModelOps extends TableOps {
  add(a: Tensor, b: Tensor, out: Tensor): void;
  scale(a: Tensor, factor: number): void;
  /** out[i, :] = table[index[i], :] */
  gatherRows(table: Tensor, index: Integers, out: Tensor): void;
  /** table[index[i], :] += grad[i, :] */
  scatterAddRows(grad: Tensor, index: Integers, table: Tensor): void;
  /** y = init + x·w, init being a row (a bias), a matrix like y, or none. x, w and y may be some columns of wider matrices. */
  linear(x: Tensor, w: Tensor, init: Tensor | null, y: Tensor): void;
  /** The same with wᵀ in place of w: a table of [columns of y, columns of x], whole. `init` is a row or none. */
  linearTransposed(x: Tensor, wTransposed: Tensor, init: Tensor | null, y: Tensor): void;
  /** dx = init + dy·wᵀ, given wᵀ. */
  linearBackwardInput(dy: Tensor, wTransposed: Tensor, init: Tensor | null, dx: Tensor): void;
  /** dw += xᵀ·dy */
  linearBackwardWeight(x: Tensor, dy: Tensor, dw: Tensor): void;
  /** out += column sums of grad: the gradient of a bias. */
  addColumnSums(grad: Tensor, out: Tensor): void;
  transpose(w: Tensor, out: Tensor): void;
  /**
   * normalized = (x − mean) / scale · gain + bias, scale = √(variance + eps); stats holds (scale, mean) of each row. With
   * `centred` false it is RMSNorm: the mean counts as 0.
   */
  layerNorm(layer: LayerNorm & { eps: number; centred?: boolean }): void;
  /** The same from given stats. */
  layerNormApply(layer: LayerNorm): void;
  /** dx = init + gradient through the normalisation; adds to dGain and dBias; dStats holds the scale's own gradient. */
  layerNormBackward(gradient: LayerNormGradient & { centred?: boolean }): void;
  /** post = f(pre), or, with a gate, f(pre) · linear + bias. */
  activate(kind: Activation, pre: Tensor, gate: Gate | null, post: Tensor): void;
  /** dPre from dPost, which it may be; with a gate's second factor, `dLinear` too. */
  activateBackward(kind: Activation, gradient: ActivationGradient): void;
  /** Rotates q or k, whatever number of heads it has; direction −1 is the backward pass. */
  rotary(input: Tensor, output: Tensor, positions: Integers, tables: RotaryTables, direction: 1 | -1): void;
  /** scores = q·kᵀ / attnScale, −∞ above the diagonal. As many heads in a row share keys and values as there are fewer of these. */
  attentionScores(q: Tensor, k: Tensor, scores: Tensor): void;
  /** dq and dk from the gradient of the scores already divided by attnScale. */
  attentionScoresBackward(dScores: Tensor, q: Tensor, k: Tensor, dq: Tensor, dk: Tensor): void;
  /** Softmax over each row, in place; exact zeros above the diagonal. */
  causalSoftmax(scores: Tensor): void;
  /** The gradient of the scores times `factor`, in place of the gradient of the pattern. */
  causalSoftmaxBackward(pattern: Tensor, dPattern: Tensor, factor: number): void;
  /** z = pattern·v */
  attentionMix(pattern: Tensor, v: Tensor, z: Tensor): void;
  attentionMixBackward(pattern: Tensor, v: Tensor, dz: Tensor, dPattern: Tensor, dv: Tensor): void;
  /**
   * losses = −log softmax(logits)[target] and dLogits = scale · (softmax − onehot), unless that is null. targets.ts says what a
   * target means: a token, a token that is not trained on (its gradient is 0), or none (its loss is 0 too).
   */
  crossEntropy(logits: Tensor, targets: Integers, losses: Tensor, dLogits: Tensor | null, scale: number): void;
}
