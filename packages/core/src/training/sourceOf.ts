import { type SequenceSource, taskSource } from '../tasks/source.ts';
import { moduleSource } from './data/moduleSource.ts';
import { tableSource } from './data/tokenTable.ts';
import { isModule, type ReadyData } from './data/trainingData.ts';
import type { Experiment } from './experiment.ts';

/** Where the sequences of a run come from: its data, or else its task. */
export function sourceOf(
  { experiment, seed }: { experiment: Experiment; seed: number },
  data?: ReadyData,
): SequenceSource {
  const { model, task, training } = experiment;
  const { dVocab, nCtx: length } = model;
  const { batch, lossOn } = training;
  const options = { seed, dVocab, length, batch, lossOn };
  if (data === undefined) return taskSource({ task, ...options });
  if (isModule(data)) return moduleSource(data, options);
  return tableSource(data, options);
}
