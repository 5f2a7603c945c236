// The operations of an optimiser, over ranges of flat buffers: addresses in bytes, ranges in floats.

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

export interface OptimizerOps {
  /**
   * Sums `shards` gradient buffers, `stride` bytes apart, into the first over floats [from, to) and clears the others.
   * Returns the sum of squares.
   */
  sumShards(from: number, to: number, gradients: number, stride: number, shards: number): number;
  /** AdamW on floats [from, to) of the buffers; clears the gradient. */
  adamw(from: number, to: number, buffers: OptimizerBuffers, step: AdamWStep): void;
}
