import { globExpression } from '../model/glob.ts';
import { learnedWeights, type Parameters } from '../model/parameters.ts';
import type { Experiment } from './experiment.ts';

/** A run of parameters with the same decay, in floats from the start of the buffer. */
export interface DecayRun {
  readonly from: number;
  readonly to: number;
  readonly weightDecay: number;
}

/** Which of the parameters decay: those whose names match a glob, but never what is not learned. */
export function decayRuns(
  {
    model: config,
    training,
  }: { model: Experiment['model']; training: Pick<Experiment['training'], 'decayed' | 'weightDecay'> },
  weights: Parameters,
  floatBytes: number,
): DecayRun[] {
  const decays = training.decayed.map(globExpression);
  const learned = new Set(learnedWeights(config));
  return weights.all.map((tensor, i) => {
    const next = weights.all[i + 1];
    const start = (tensor.address - weights.address) / floatBytes;
    const end = next ? (next.address - weights.address) / floatBytes : weights.length;
    const decayed = decays.some((expression) => expression.test(tensor.name)) && learned.has(tensor.name);
    return { from: start, to: end, weightDecay: decayed ? training.weightDecay : 0 };
  });
}
