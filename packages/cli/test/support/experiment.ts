// A tiny experiment of odd sizes, as the JSON that --config takes: 200 steps take about a second.
import { join } from 'node:path';
import { writeJson } from './folders.ts';

export interface Changes {
  readonly model?: object;
  readonly task?: object;
  readonly training?: object;
  readonly top?: object;
}

export const experimentJson = ({ model, task, training, top }: Changes = {}): object => ({
  name: 'small',
  model: {
    nLayers: 2,
    nHeads: 2,
    dModel: 24,
    dHead: 11,
    nCtx: 30,
    dVocab: 20,
    positions: 'shortformer',
    normalization: 'LN',
    ...model,
  },
  task: task ?? { kind: 'varied', periods: [5, 14] },
  training: { steps: 200, batch: 7, learningRate: 0.01, warmupSteps: 10, ...training },
  ...top,
});

let count = 0;

/** Writes the experiment into a folder and returns its path. */
export const writeExperiment = (folder: string, changes: Changes = {}): string =>
  writeJson(join(folder, `experiment-${++count}.json`), experimentJson(changes));

/** A run.json as train writes it, of a run that is done. */
export const runJson = (experiment: object, name = 'small'): object => ({
  schemaVersion: 1,
  name,
  experiment,
  seed: 1,
  backend: 'simd',
  threads: 1,
  versions: { inductionLab: '0.1.0', node: process.versions.node },
  platform: 'any',
  startedAt: '2026-01-31T12:00:00.000Z',
  finishedAt: '2026-01-31T12:00:01.000Z',
  status: 'done',
  step: 0,
  seconds: 1,
});
