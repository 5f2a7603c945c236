// Decoupled competition between the heads of a layer: a pressure towards one active head per layer. It is not part of
// the task or the loss, and whoever shows a model trained with it has to say so.
import type { Tensor } from '../engine/tensor.ts';
import type { ModelConfig } from '../model/config.ts';
import { allHeads } from '../model/heads.ts';
import type { Parameters } from '../model/parameters.ts';
import type { TrainingOptions } from './experiment.ts';
import { eachRow, headMatrices } from './headMatrices.ts';

/** λ at a step, counted from 1: 0 outside of the steps at which the competition acts. */
export function competitionAt(
  step: number,
  { competition, competitionSteps }: Pick<TrainingOptions, 'competition' | 'competitionSteps'>,
): number {
  const [from, to] = competitionSteps ?? [1, Number.POSITIVE_INFINITY];
  return step >= from && step <= to ? competition : 0;
}

/**
 * One step after AdamW's: with n_h = ‖(W_Q, W_K, W_V, W_O) of head h‖₂ and S = Σ n over the layer,
 * θ_h ← θ_h · max(0, 1 − rate · λ (S − n_h) / n_h), the decoupled gradient step of λ Σ_{h<h'} n_h n_h'. All norms are
 * taken first. A head with n_h < 1e-9 is set to 0. `rate` is the learning rate of the step.
 */
export function compete(config: ModelConfig, weights: Parameters, options: { rate: number; lambda: number }): void {
  for (let layer = 0; layer < config.nLayers; layer++) {
    const heads = Array.from({ length: config.nHeads }, (_, head) => headMatrices(config, weights, { layer, head }));
    const norms = heads.map((matrices) => Math.sqrt(matrices.reduce((sum, m) => sum + squares(m), 0)));
    const total = norms.reduce((a, b) => a + b, 0);
    heads.forEach((matrices, head) => {
      const norm = norms[head] as number;
      const keep = norm < 1e-9 ? 0 : Math.max(0, 1 - (options.rate * options.lambda * (total - norm)) / norm);
      for (const matrix of matrices)
        eachRow(matrix, (row) => {
          for (let i = 0; i < row.length; i++) row[i]! *= keep;
        });
    });
  }
  weights.changed();
}

/**
 * When the competition ends: heads that it has set to 0 stay deleted. Their moments are set to 0 too, or what is left of
 * them would move the weights by some 1e-20, and gradients through those are numbers below float32's normal range, which
 * take a processor many times as long.
 */
export function keepDeleted(config: ModelConfig, weights: Parameters, moments: readonly Parameters[]): void {
  for (const { layer, head } of allHeads(config)) {
    const name = { layer, head };
    if (headMatrices(config, weights, name).some((matrix) => squares(matrix) > 0)) continue;
    for (const moment of moments)
      for (const matrix of headMatrices(config, moment, name)) eachRow(matrix, (row) => void row.fill(0));
  }
}

function squares(matrix: Tensor): number {
  let sum = 0;
  eachRow(matrix, (row) => {
    for (let i = 0; i < row.length; i++) sum += row[i]! * row[i]!;
  });
  return sum;
}
