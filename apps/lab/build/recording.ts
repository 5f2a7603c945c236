// The recording that the first screen plays: two runs, trained anew with the build that gives the same bits on every machine,
// looked at as the page looks at them. recording.mjs writes it, and a test compares it with what is there.
import { gunzipSync, gzipSync } from 'node:zlib';
import { KERNELS_VERSION } from '@induction-lab/core/internal/kernels-version';
import {
  type Engine,
  loadEngine,
  Model,
  type NamedWeights,
  parseExperiment,
  startWorkers,
  train,
} from '@induction-lab/core/node';
import type { Look, Losses, Mark } from '../src/protocol.ts';
import { packRecording, type Recordable } from '../src/recording.ts';
import { experimentOf, type Setting } from '../src/setting.ts';
import { barsOf, fingerprintOf, lookAt } from '../src/worker/look.ts';
import { markOf, sweepPeriods } from '../src/worker/marks.ts';
import { RESTING_SEQUENCES } from '../src/worker/subject.ts';

/** A run of the story: the steps of its frames, its period, and the periods at which its last step is seen besides. */
interface Act {
  readonly setting: Setting;
  readonly steps: readonly number[];
  readonly period: number;
  readonly besides: readonly number[];
}

const act = (preset: Setting['preset'], rest: Omit<Act, 'setting'>): Act => ({
  setting: { preset, seed: 1, turned: {} },
  ...rest,
});

/** All of these steps are kept by a run in the page. */
export const ACTS: readonly Act[] = [
  act('literal', {
    steps: [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 120, 150, 200, 300],
    period: 25,
    besides: [24, 23, 22, 21, 20, 19, 18, 17],
  }),
  act('picture', {
    steps: [0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 230, 260, 300, 350, 400, 500, 600],
    period: 17,
    besides: [],
  }),
];

/** Trains a run and records what is seen of it. */
async function record(engine: Engine, { setting, steps, period, besides }: Act): Promise<Recordable> {
  const experiment = parseExperiment(experimentOf(setting));
  const last = Math.max(...steps);
  const states = new Map<number, NamedWeights>();
  const losses: Losses[] = [];
  const enough = new AbortController();
  await train({
    ...{ engine, experiment, seed: setting.seed, threads: 2, startPool: startWorkers(), signal: enough.signal },
    pauseAt: [...steps],
    observer: {
      onStep: ({ step, segments }) => {
        losses.push({ step, segments });
      },
      onPause: ({ step, weights }) => {
        if (steps.includes(step)) states.set(step, weights());
        if (step >= last) enough.abort();
      },
    },
  });
  const model = new Model(engine, experiment.model);
  const look: Look = { period, tokens: null, ablated: [], kind: 'zero', cuts: [], step: null };
  const frames: Recordable['frames'][number][] = [];
  const marks: Mark[] = [];
  for (const step of steps) {
    const weights = states.get(step) as NamedWeights;
    model.setWeights(weights);
    const fingerprint = fingerprintOf(weights);
    const sweep = { losses: sweepPeriods(model, look), fingerprint };
    const known = { step, fingerprint, ...barsOf(model, RESTING_SEQUENCES) };
    for (const p of [period, ...(step === last ? besides : [])])
      frames.push({ view: lookAt(model, { ...look, period: p }, known), sweep });
    marks.push(markOf(model, step));
  }
  return { setting, losses: losses.slice(0, last), marks, frames };
}

/** The recording, before compression. */
export async function makeRecording(): Promise<Uint8Array<ArrayBuffer>> {
  const engine = await loadEngine({ exact: true });
  const runs: Recordable[] = [];
  for (const each of ACTS) runs.push(await record(engine, each));
  return packRecording(runs, KERNELS_VERSION);
}

export const compressed = (bytes: Uint8Array): Uint8Array => gzipSync(bytes, { level: 9 });
export const expanded = (bytes: Uint8Array): Uint8Array => gunzipSync(bytes);
