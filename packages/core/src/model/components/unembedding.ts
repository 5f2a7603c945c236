// What is read of the residual stream at the end becomes logits: by W_U, or by the transpose of W_E where the two are tied.
import type { ModelConfig } from '../config.ts';
import type { Component, ParameterSet, Part, Tensors } from './component.ts';
import type { Plan } from './plan.ts';
import { biasVector, matrix, type Weight } from './weight.ts';

export function unembedding(config: ModelConfig): Component {
  const { dVocab, tied, biases } = config;
  const b_U = { name: 'unembed.b_U', native: 'head.bias', bridge: 'unembed.bias' };
  return {
    weights: {
      ...(tied ? {} : { W_U: unembeddingMatrix(config) }),
      ...(biases ? { b_U: biasVector(b_U, dVocab) } : {}),
    },
    hooks: [],
    plan: planLogits,
  };
}

/** W_U, also of a tied model, which has it written out in files only. */
export const unembeddingMatrix = ({ dModel, dVocab }: ModelConfig): Weight =>
  matrix({ name: 'unembed.W_U', native: 'head.weight', bridge: 'unembed.weight' }, dModel, dVocab);

function planLogits(plan: Plan, mine: (set: ParameterSet) => Tensors): Part {
  const { ops, weights, reading, dLogits } = plan;
  const { W_U: own, b_U = null } = mine(weights);
  const embedding = own ? null : weights.named('embed.W_E');
  // A tied W_U is written out for training alone, whose steps multiply by it once for each sequence.
  const W_U = own ?? (dLogits && plan.transposed(embedding!));
  const W_U_transposed = embedding ?? (dLogits && plan.transposed(W_U!));
  const logits = plan.shapes.vocabulary('logits');
  plan.logits = logits;
  return {
    derive: () => {
      if (W_U && embedding) ops.transpose(embedding, W_U);
      else if (W_U && W_U_transposed) ops.transpose(W_U, W_U_transposed);
    },
    forward: () => {
      if (W_U) ops.linear(reading.value, W_U, b_U, logits);
      else ops.linearTransposed(reading.value, embedding!, b_U, logits);
      plan.see(logits);
    },
    backward: (gradients) => {
      const { W_U: dW_U, b_U: db_U } = mine(gradients);
      plan.seeGradient(dLogits!);
      if (dW_U) ops.linearBackwardWeight(reading.value, dLogits!, dW_U);
      else ops.linearBackwardWeight(dLogits!, reading.value, gradients.named('embed.W_E'));
      if (db_U) ops.addColumnSums(dLogits!, db_U);
      ops.linearBackwardInput(dLogits!, W_U_transposed!, reading.init, reading.gradient!);
    },
  };
}
