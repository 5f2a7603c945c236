// Training on a GPU, here a software adapter, with a model of odd sizes: against the float64 reference, and against itself.
import { beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { referenceEngine } from '../src/engine/engine.ts';
import { gradientErrors } from '../src/gpu/gradientCheck.ts';
import { layoutOf } from '../src/gpu/layout.ts';
import { MemberBatches } from '../src/gpu/memberBatches.ts';
import { startOf } from '../src/gpu/memberState.ts';
import { trainEnsemble } from '../src/gpu/trainEnsemble.ts';
import { GpuTrainer } from '../src/gpu/trainer.ts';
import {
  type Experiment,
  type NamedWeights,
  NonFiniteLossError,
  type Pause,
  type StepRecord,
  startInline,
  type TrainingOutcome,
  type TrainingState,
  type TrainOptions,
  train,
} from '../src/index.ts';
import { distance } from './support/golden.ts';
import { smallExperiment } from './support/smallExperiment.ts';
import { HINT, type SoftwareGpu, softwareGpu } from './support/softwareGpu.ts';

const engine = referenceEngine;
type Run = Omit<TrainOptions, 'startPool' | 'threads'>;

/** Sizes that are primes, rows that are padded, and all that an update knows: clipping, competition, a falling rate. */
const experimentOf = (training: object = {}, task: object = {}): Experiment =>
  smallExperiment({
    model: { nHeads: 3, dModel: 11, dHead: 5, nCtx: 14, dVocab: 13, biases: true },
    task: { periods: [3, 5], maxPrefix: 2, ...task },
    training: {
      ...{ steps: 5, batch: 5, warmupSteps: 0, schedule: 'linear', learningRate: 0.02, clipNorm: 0.5 },
      ...{ competition: 3, competitionSteps: [2, 4], ...training },
    },
  });
const experiment = experimentOf();
const others = [
  experimentOf({ learningRate: 0.01, clipNorm: null, steps: 3 }, { distinct: true }),
  experiment,
] as const;

/** The largest distance of a weight; biases of keys change nothing, so what moves them is rounding alone. */
const worst = (got: NamedWeights, want: NamedWeights): number =>
  Math.max(
    ...Object.keys(want).map((name) => (name.endsWith('b_K') ? 0 : distance(got[name]!.data, want[name]!.data))),
  );

let gpu: SoftwareGpu | null = null;
let alone: TrainingOutcome;
const records: StepRecord[] = [];
const states: TrainingState[] = [];

const together = async (...runs: Run[]): Promise<PromiseSettledResult<TrainingOutcome>[]> => trainEnsemble(gpu!, runs);
const one = async (run: Partial<Run> = {}): Promise<TrainingOutcome> => {
  const [result] = await together({ engine, experiment, seed: 3, ...run });
  if (result!.status === 'rejected') throw result!.reason;
  return result!.value;
};
const needed = (context: TestContext): void => void (gpu === null && context.skip(HINT));

beforeAll(async () => {
  gpu = await softwareGpu();
  if (gpu === null) return;
  const observer = {
    onStep: (record: StepRecord) => void records.push(record),
    onPause: (pause: Pause) => void states.push(pause.state()),
  };
  alone = await one({ observer, pauseAt: [2] });
}, 300_000); // kernels take seconds to compile on a software adapter, more on a busy machine

describe('on a GPU', () => {
  test('every gradient is that of the float64 reference within 2e-6', async (context) => {
    needed(context);
    const options = { layout: layoutOf(experiment.model, 5), members: 1, clips: true, competes: true };
    const trainer = await GpuTrainer.create(await gpu!.open(), options);
    const batch = new Int32Array(2 * 5 * 13);
    const { counted } = new MemberBatches({ experiment, seed: 3 }).draw(1, batch);
    const { weights } = startOf(experiment, { seed: 3 });
    const errors = await gradientErrors(trainer, engine, { experiment, weights, batch, counted });
    expect(Object.keys(errors)).toHaveLength(26);
    expect(Math.max(...Object.values(errors))).toBeLessThan(2e-6);
    trainer.destroy();
  });

  test('a run takes the steps of the reference: losses by position and segment, norms, rates, and weights', async (context) => {
    needed(context);
    const want: StepRecord[] = [];
    const observer = { onStep: (record: StepRecord) => void want.push(record) };
    const outcome = await train({ engine, experiment, seed: 3, threads: 1, startPool: startInline(), observer });
    expect(alone).toMatchObject({ status: 'done', step: 5, threads: 1 });
    expect(worst(alone.weights, outcome.weights)).toBeLessThan(2e-5);
    expect(records.map(({ step, learningRate }) => [step, learningRate])).toEqual(
      want.map(({ step, learningRate }) => [step, learningRate]),
    );
    records.forEach((record, i) => {
      expect(record.loss).toBeCloseTo(want[i]!.loss, 5);
      expect(record.gradientNorm).toBeCloseTo(want[i]!.gradientNorm, 5);
      expect(record.segments.repeat).toBeCloseTo(want[i]!.segments.repeat!, 5);
      record.perPosition.forEach((loss, t) => void expect(loss).toBeCloseTo(want[i]!.perPosition[t]!, 4));
    });
  });

  test('a member of an ensemble has the bits of a run alone, whatever trains beside it and however long', async (context) => {
    needed(context);
    const [shorter, member] = await together(...others.map((experiment, i) => ({ engine, experiment, seed: 2 + i })));
    expect(member).toMatchObject({ status: 'fulfilled', value: { step: 5, weights: alone.weights } });
    expect(shorter).toMatchObject({ status: 'fulfilled', value: { status: 'done', step: 3 } });
    const want = await train({ engine, experiment: others[0], seed: 2, threads: 1, startPool: startInline() });
    const got = (shorter as PromiseFulfilledResult<TrainingOutcome>).value;
    expect(worst(got.weights, want.weights)).toBeLessThan(2e-5);
  });

  test('pauses at every step, a stop and a state to resume from give the bits of a run in one go', async (context) => {
    needed(context);
    expect(states.map(({ step }) => step)).toEqual([0, 2, 5]);
    expect((await one({ pauseAt: (step) => step + 1 })).weights).toEqual(alone.weights);
    expect((await one({ resume: states[1]! })).weights).toEqual(alone.weights);
    const stop = new AbortController();
    const stopped = await one({ signal: stop.signal, observer: { onStep: () => stop.abort() } });
    expect(stopped.status).toBe('stopped');
    expect(stopped.step).toBeLessThan(5);
  });

  test('a loss that is not finite ends its run and leaves weights and neighbours as they were', async (context) => {
    needed(context);
    const wild = experimentOf({ learningRate: 1e30, clipNorm: null, competition: 0, competitionSteps: null });
    const last: Pause[] = [];
    const observer = { onPause: (pause: Pause) => void last.push(pause) };
    const [failed, member] = await together(
      { engine, experiment: wild, seed: 3, observer, pauseAt: (step) => step + 1 },
      { engine, experiment, seed: 3 },
    );
    expect(failed).toMatchObject({ status: 'rejected', reason: expect.any(NonFiniteLossError) });
    expect(Object.values(last.at(-1)!.weights()).every(({ data }) => Array.from(data).every(Number.isFinite))).toBe(
      true,
    );
    expect(member).toMatchObject({ status: 'fulfilled', value: { weights: alone.weights } });
  });
});
