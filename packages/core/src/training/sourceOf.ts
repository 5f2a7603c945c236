import { type SequenceSource, taskSource } from '../tasks/source.ts';
import type { Experiment } from './experiment.ts';

/** Where the sequences of a run come from. */
export function sourceOf({ experiment, seed }: { experiment: Experiment; seed: number }): SequenceSource {
  const { model, task, training } = experiment;
  const { dVocab, nCtx } = model;
  const { batch, lossOn } = training;
  return taskSource({ task, seed, dVocab, length: nCtx, batch, lossOn });
}
