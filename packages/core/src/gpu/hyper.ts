// What a step needs of the host: rates, corrections, the scale of the loss. All of it may differ between the members of an
// ensemble, as their tasks may.
import { exactPower } from '../random/exactMath.ts';
import { competitionAt } from '../training/competition.ts';
import type { TrainingOptions } from '../training/experiment.ts';
import { learningRateAt } from '../training/schedule.ts';
import { FLAGS, HYPER_WORDS } from './wgsl/bindings.ts';

/** Writes a step of a member into its words; `counted`, positions trained on. A null step is one that the member rests. */
export function writeHyper(
  words: ArrayBuffer,
  index: number,
  step: { readonly training: TrainingOptions; readonly step: number; readonly counted: number } | null,
): void {
  const at = 4 * HYPER_WORDS * index;
  const floats = new Float32Array(words, at, HYPER_WORDS);
  const integers = new Uint32Array(words, at, HYPER_WORDS);
  if (step === null) {
    floats.fill(0);
    integers[13] = FLAGS.resting;
    return;
  }
  const { training, counted } = step;
  const { beta1, beta2, epsilon, clipNorm, weightDecay, competitionSteps } = training;
  const rate = learningRateAt(step.step, training);
  const lambda = competitionAt(step.step, training);
  const corrections = [beta1, beta2].map((beta) => 1 / (1 - exactPower(beta, step.step)));
  floats.set([rate, weightDecay, ...corrections, beta1, beta2, 1 - beta1, 1 - beta2]);
  floats.set([epsilon, clipNorm ?? 0, 1 / counted, lambda], 8);
  integers[12] = step.step;
  integers[13] = lambda > 0 && step.step === competitionSteps?.[1] ? FLAGS.competitionEnds : 0;
}
