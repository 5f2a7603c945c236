// Runs in this process: tiny models in the calling thread, so that a test takes milliseconds.
import { loadEngine, parseExperiment } from '@induction-lab/core/node';
import { RunFolder } from '../../src/runFolder.ts';
import {
  resumeFolder,
  type TrainRunOptions,
  type TrainRunResult,
  trainIntoFolder,
  USUAL_OPTIONS,
} from '../../src/trainRun.ts';
import { type Changes, experimentJson } from './experiment.ts';

const engine = await loadEngine({ exact: true, shared: false });

/** A model of odd sizes that trains nine steps. */
export const tinyJson = ({ model, training, ...rest }: Changes = {}): object =>
  experimentJson({
    model: { nHeads: 2, dModel: 7, dHead: 3, nCtx: 15, dVocab: 11, ...model },
    task: { kind: 'varied', periods: [3, 6] },
    training: { steps: 9, batch: 3, warmupSteps: 0, ...training },
    ...rest,
  });

export type RunChanges = Partial<Omit<TrainRunOptions, 'folder' | 'experiment'>>;

/** Trains an experiment, as JSON, into a fresh folder. */
export async function trainHere(path: string, json: object, options: RunChanges = {}): Promise<TrainRunResult> {
  const folder = await RunFolder.claim(path);
  try {
    const experiment = parseExperiment(json);
    const signal = new AbortController().signal;
    const usual = { ...USUAL_OPTIONS, threads: 1, engine, seed: 3, quiet: true, json: false, signal };
    return await trainIntoFolder({ ...usual, ...options, experiment, folder });
  } finally {
    folder.release();
  }
}

/** Resumes a run, on one thread unless said otherwise. */
export const resumeHere = (
  folder: string,
  given: Parameters<typeof resumeFolder>[0]['given'] = {},
): Promise<TrainRunResult> =>
  resumeFolder({
    folder,
    exact: false,
    given: { threads: 1, ...given },
    quiet: true,
    json: false,
    signal: new AbortController().signal,
  });
