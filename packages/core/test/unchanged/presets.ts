// The presets' weights after a hundred steps: one run, trained in several ways.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import {
  exact,
  fingerprintOf,
  hashNamed,
  type NamedWeights,
  parseExperiment,
  readFixture,
  startWorkers,
  type TrainingState,
  train,
} from './support.ts';

export const PRESETS = ['literal', 'literal-1-layer', 'varied', 'two-heads'] as const;
export type Preset = (typeof PRESETS)[number];

/** Each gives the same bits as the others. `resumed` stops after step 37, and goes on with another number of threads. */
export const WAYS = ['1 thread', '2 threads', '3 threads', 'resumed'] as const;
export type Way = (typeof WAYS)[number];

export const SEED = 1;
export const STEP = 100;
const STOP = 37;

export interface KnownWeights {
  readonly seed: number;
  readonly step: number;
  readonly sha256: string;
  /** The same weights as the page shows them. */
  readonly fingerprint: string;
}

export const FIXTURE = 'weights.json';
export const knownWeights = (): Record<Preset, KnownWeights> => readFixture(FIXTURE) as Record<Preset, KnownWeights>;

/** Trains the preset as it is, its schedule too, and leaves off after a hundred steps. */
export async function trainedWeights(preset: Preset, way: Way): Promise<KnownWeights> {
  let weights: NamedWeights;
  if (way === 'resumed') {
    const { state } = await trainTo(preset, STOP, { threads: 1 });
    ({ weights } = await trainTo(preset, STEP, { threads: 2, resume: state }));
  } else ({ weights } = await trainTo(preset, STEP, { threads: Number(way[0]) }));
  return { seed: SEED, step: STEP, sha256: hashNamed(weights), fingerprint: fingerprintOf(weights) };
}

async function trainTo(
  preset: Preset,
  step: number,
  { threads, resume }: { threads: number; resume?: TrainingState },
): Promise<{ weights: NamedWeights; state: TrainingState }> {
  const json = JSON.parse(readFileSync(new URL(`../../presets/${preset}.json`, import.meta.url), 'utf8'));
  const controller = new AbortController();
  let state: TrainingState | undefined;
  const outcome = await train({
    engine: exact,
    experiment: parseExperiment(json),
    seed: SEED,
    threads,
    startPool: startWorkers(),
    pauseAt: [step],
    signal: controller.signal,
    ...(resume ? { resume } : {}),
    observer: {
      onPause: (pause) => {
        if (pause.step !== step) return;
        state = pause.state();
        controller.abort();
      },
    },
  });
  expect(outcome).toMatchObject({ status: 'stopped', step, threads });
  return { weights: outcome.weights, state: state! };
}
