import { type SequenceSource, taskSource } from '../tasks/source.ts';
import { behindStartToken, sizesBehind, startTokenOf } from '../tasks/startToken.ts';
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
  const behind = { ...options, ...sizesBehind(task, options) };
  const source = isModule(data) ? moduleSource(data, behind) : tableSource(data, behind);
  const bos = startTokenOf(task, model);
  return bos === undefined ? source : behindStartToken(source, { bos, batch, trained: lossOn === 'all' });
}
