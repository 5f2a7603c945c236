// Whether data can be trained on, found out before anything is started.
import { ArgumentError } from '../../errors/arguments.ts';
import { quoted } from '../../errors/printable.ts';
import { sizesBehind, startTokenOf } from '../../tasks/startToken.ts';
import type { Experiment } from '../experiment.ts';
import { moduleData } from './moduleSource.ts';
import { tableData } from './tableSource.ts';
import { checkTokens, tokenTable } from './tokenTable.ts';
import { DataError, isModule, type RunData, type TokenTable, type TrainingData } from './trainingData.ts';

/** The data as a run takes it. Throws an ArgumentError or a DataError unless it, or none, goes with the experiment. */
export function readyData(data: unknown, experiment: Experiment): RunData | undefined {
  const { task } = experiment;
  if (data === undefined && task.kind === 'data')
    throw new ArgumentError(
      'train: the experiment’s task is "data", and none is given; pass data: { sequences }, or await loadData(file, { experiment }).',
    );
  if (data === undefined) return undefined;
  if (!isData(data))
    throw new ArgumentError(
      `train: data must be { sequences }, an object with a function sequence(), or what await loadData() gives, got ${quoted(data)}.`,
    );
  if (task.kind !== 'data')
    throw new ArgumentError(
      `train: data is given, and the experiment’s task is "${task.kind}"; set its task to { "kind": "data" }, or leave data out.`,
    );
  if (isModule(data)) return moduleData(data);
  const table = 'starts' in data ? data : tokenTable(data.sequences);
  checkTable(table, experiment);
  return tableData(table);
}

/** Throws a DataError for sequences that this experiment cannot train on. */
export function checkTable(table: TokenTable, { model, task, training }: Experiment): void {
  if (training?.lossOn === 'predictable')
    throw new DataError(
      'data: training.lossOn is "predictable", and sequences of tokens do not say what is; use "all", or a data module.',
    );
  const { dVocab, length } = sizesBehind(task, { dVocab: model.dVocab, length: model.nCtx });
  checkTokens(table, { dVocab, nCtx: length, bos: startTokenOf(task, model) });
}

function isData(data: unknown): data is TrainingData {
  if (typeof data !== 'object' || data === null || 'then' in data) return false;
  const { sequence, sequences, tokens, starts, called } = data as Record<string, unknown>;
  return (
    typeof sequence === 'function' ||
    Array.isArray(sequences) ||
    (tokens instanceof Int32Array && starts instanceof Float64Array && typeof called === 'object' && called !== null)
  );
}
