import { type SequenceSource, taskSource } from '../tasks/source.ts';
import { behindStartToken, sizesBehind, startTokenOf } from '../tasks/startToken.ts';
import type { RunData } from './data/trainingData.ts';
import type { Experiment } from './experiment.ts';

/**
 * Where the sequences of a run come from: its data, or else its task.
 * @param bytes The file's bytes.
 * @param name Its name, for messages.
 */
export function sourceOf(
  { experiment, seed }: { experiment: Experiment; seed: number },
  data?: RunData,
): SequenceSource {
  const { model, task, training } = experiment;
  const { dVocab, nCtx: length } = model;
  const { batch, lossOn } = training;
  const options = { seed, dVocab, length, batch, lossOn };
  if (data === undefined) return taskSource({ task, ...options });
  const source = data.source({ ...options, ...sizesBehind(task, options) });
  const bos = startTokenOf(task, model);
  return bos === undefined ? source : behindStartToken(source, { bos, batch, trained: lossOn === 'all' });
}
