// The operations a model is written in: the seam between the program and a backend. The program names tensors and never
// touches addresses. Only the three `linear` operations take tensors whose rows lie further apart than they are wide. Two backends implement it: wasmOps.ts (float32 kernels) and referenceOps.ts (float64 loops).
// An operation has finished when its call returns, and keeps the padding of what it writes zero (scores before the
// softmax, and logits after the loss, have −∞ there, which nothing reads).
import type { Integers, Tensor } from './tensor.ts';

/** Axes of the attention tensors; q, k, v, z: [sequences, length, heads, dHead]. */
export interface AttentionShape {
  sequences: number;
  length: number;
  heads: number;
  dHead: number;
  /** Scores are divided by this: sqrt(dHead) unless the model says otherwise. */
  attnScale: number;
}

/** Angles of rotary positions: tables of [nCtx, rotaryDim], cosines of the pairs first, then their sines. */
export interface RotaryTables {
  half: number;
  table: Tensor;
}

/** Buffers of the optimiser, all laid out like the parameters; `gradients` is the first of several. Addresses. */
export interface OptimizerBuffers {
  parameters: number;
  gradients: number;
  m: number;
  v: number;
}

export interface AdamWStep {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
  /** 1 / (1 − beta^step). */
  correction1: number;
  correction2: number;
  /** What the gradient is multiplied by first: below 1 when it is clipped. */
  gradientScale: number;
}

export interface Ops {
  add(a: Tensor, b: Tensor, out: Tensor): void;
  scale(a: Tensor, factor: number): void;
  /** out[i, :] = table[index[i], :] */
  gatherRows(table: Tensor, index: Integers, out: Tensor): void;
  /** table[index[i], :] += grad[i, :] */
  scatterAddRows(grad: Tensor, index: Integers, table: Tensor): void;
  /** y = x·w + bias. x, w and y may be some columns of wider matrices. */
  linear(x: Tensor, w: Tensor, bias: Tensor | null, y: Tensor): void;
  /** dx = init + dy·wᵀ, given wᵀ. */
  linearBackwardInput(dy: Tensor, wTransposed: Tensor, init: Tensor | null, dx: Tensor): void;
  /** dw += xᵀ·dy */
  linearBackwardWeight(x: Tensor, dy: Tensor, dw: Tensor): void;
  /** out += column sums of grad: the gradient of a bias. */
  addColumnSums(grad: Tensor, out: Tensor): void;
  transpose(w: Tensor, out: Tensor): void;
  /** normalized = (x − mean) / scale · gain + bias; stats holds (scale, mean) of each row. */
  layerNorm(x: Tensor, gain: Tensor, bias: Tensor, stats: Tensor, normalized: Tensor, eps: number): void;
  /** The same from given stats. */
  layerNormApply(x: Tensor, gain: Tensor, bias: Tensor, stats: Tensor, normalized: Tensor): void;
  /** dx = init + gradient through the normalisation; adds to dGain and dBias; dStats holds the scale's own gradient. */
  layerNormBackward(
    x: Tensor,
    gain: Tensor,
    stats: Tensor,
    dNormalized: Tensor,
    init: Tensor | null,
    dx: Tensor,
    dGain: Tensor,
    dBias: Tensor,
    dStats: Tensor,
  ): void;
  /** Rotates q or k; direction −1 is the backward pass. */
  rotary(input: Tensor, output: Tensor, positions: Integers, tables: RotaryTables, direction: 1 | -1): void;
  /** scores = q·kᵀ / attnScale, −∞ above the diagonal. */
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
   * losses = −log softmax(logits)[target] and dLogits = scale · (softmax − onehot). What a target means says
   * targets.ts: a token, a token that is not trained on (its gradient is 0), or none (its loss is 0 too).
   */
  crossEntropy(logits: Tensor, targets: Integers, losses: Tensor, dLogits: Tensor, scale: number): void;
  /**
   * Sums `shards` gradient buffers, `stride` bytes apart, into the first over floats [from, to) and clears the others.
   * Returns the sum of squares.
   */
  sumShards(from: number, to: number, gradients: number, stride: number, shards: number): number;
  /** AdamW on floats [from, to) of the buffers; clears the gradient. */
  adamw(from: number, to: number, buffers: OptimizerBuffers, step: AdamWStep): void;
}
