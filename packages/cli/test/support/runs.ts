// Runs in this process: tiny models in the calling thread, so that a test takes milliseconds.
import { loadEngine, parseExperiment } from '@induction-lab/core/node';
import { expect, vi } from 'vitest';
import { toCommandError } from '../../src/errors.ts';
import { resumeFolder } from '../../src/runs/resumeRun.ts';
import { RunFolder } from '../../src/runs/runFolder.ts';
import { type TrainRunOptions, type TrainRunResult, trainIntoFolder, USUAL_OPTIONS } from '../../src/runs/trainRun.ts';
import { type Changes, experimentJson } from './experiment.ts';
import { fingerprint } from './folders.ts';

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

/** Trains until the record of a step is printed, as after Ctrl-C. */
export async function trainUntil(step: number, path: string, json: object, options: RunChanges = {}): Promise<void> {
  const controller = new AbortController();
  const print = vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    if ((JSON.parse(String(line)) as { step: number }).step >= step) controller.abort();
    return true;
  });
  const { status } = await trainHere(path, json, { ...options, json: true, signal: controller.signal });
  print.mockRestore();
  expect(status).toBe('stopped');
}

/** The sentence with which a run is refused to be resumed; the folder must be as it was. */
export async function refusalOf(path: string): Promise<string> {
  const before = fingerprint(path);
  const error = toCommandError(await resumeHere(path).catch((error: unknown) => error));
  expect(error.message).toMatch(/^[^\n]{10,600}\.$/);
  expect(error.message).not.toMatch(/Cannot read|is not a function|\[object|undefined is/);
  expect(fingerprint(path)).toEqual(before);
  expect(error.exitCode, error.message).toBe(2);
  return error.message;
}
