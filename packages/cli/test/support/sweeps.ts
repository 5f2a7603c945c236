// Tiny sweeps: a run takes a fraction of a second, and what it learns does not matter.
import { join } from 'node:path';
import { experimentJson } from './experiment.ts';
import { writeJson } from './folders.ts';

/** A sweep of six runs: three learning rates and two seeds, of which only losses are measured. */
export const sweepJson = (changes: object = {}): Record<string, unknown> => ({
  name: 'tiny',
  experiment: experimentJson({ training: { steps: 20, warmupSteps: 2, batch: 8 } }),
  axes: [{ field: 'training.learningRate', values: [0.001, 0.01, 0.02] }],
  seeds: 2,
  measure: { audit: false, scores: false },
  exact: true,
  ...changes,
});

let count = 0;

/** Writes it into a folder and returns its path. */
export const writeSweep = (folder: string, changes: object = {}): string =>
  writeJson(join(folder, `sweep-${++count}.json`), sweepJson(changes));
