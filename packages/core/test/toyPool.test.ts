// A pool of another kind drives the same loop: plain JavaScript without an engine's memory, which reads back slowly, as one
// on a graphics card would. It learns which token follows which, by counting.
import { expect, test } from 'vitest';
import { referenceEngine } from '../src/engine/engine.ts';
import {
  type NamedWeights,
  type Pause,
  type PoolOptions,
  type StartPool,
  type StepRecord,
  type TrainingPool,
  type TrainingState,
  train,
} from '../src/index.ts';
import { sourceOf } from '../src/training/sourceOf.ts';
import { smallExperiment } from './support/smallExperiment.ts';

const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

const startCounting: StartPool = async ({ experiment, seed, resume }: PoolOptions): Promise<TrainingPool> => {
  const { model, training } = experiment;
  const { dVocab, nCtx } = model;
  const counts = Float64Array.from(resume?.weights.counts?.data ?? new Float64Array(dVocab * dVocab).fill(1));
  const source = sourceOf({ experiment, seed });
  let [stopped, closed] = [false, false];
  const named = (): NamedWeights => ({ counts: { shape: [dVocab, dVocab], data: counts.slice() } });
  return {
    threads: 1,
    async run(from, to, onStep) {
      for (let step = from; step <= to; step++) {
        await later();
        let [loss, queries] = [0, 0];
        for (let s = 0; s < training.batch; s++) {
          const [tokens, targets] = [new Int32Array(nCtx), new Int32Array(nCtx)];
          source.fill(step, s, tokens, targets);
          for (let t = 0; t < nCtx - 1; t++) {
            const row = counts.subarray(tokens[t]! * dVocab, (tokens[t]! + 1) * dVocab);
            loss -= Math.log(row[tokens[t + 1]!]! / row.reduce((a, b) => a + b));
            queries++;
            row[tokens[t + 1]!]!++;
          }
        }
        onStep({ step, loss: loss / queries, segments: {}, learningRate: 0, gradientNorm: 0, perPosition: [] });
        if (stopped) return step;
      }
      return to;
    },
    requestStop: () => {
      stopped = true;
    },
    async read() {
      await later();
      if (closed) throw new Error('read after close');
      const weights = named();
      return { weights: () => weights, moments: () => ({ m: {}, v: {} }) };
    },
    async close() {
      closed = true;
    },
  };
};

const experiment = smallExperiment({ task: { maxPrefix: 3 }, training: { steps: 12 } });
const run = (options: object = {}): ReturnType<typeof train> =>
  train({ engine: referenceEngine, experiment, seed: 1, threads: 4, startPool: startCounting, ...options });

test('a pool without an engine’s memory trains, pauses, stops, and goes on with the same numbers', async () => {
  const records: StepRecord[] = [];
  const states: TrainingState[] = [];
  const observer = {
    onStep: (record: StepRecord) => records.push(record),
    onPause: (pause: Pause) => void states.push(pause.state()), // at once, although the pool reads back later
  };
  const whole = await run({ observer, pauseAt: [5] });
  expect(whole).toMatchObject({ status: 'done', step: 12, threads: 1 });
  expect(records.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  expect(states.map(({ step }) => step)).toEqual([0, 5, 12]);
  expect(states[1]!.weights).not.toEqual(states[2]!.weights);
  expect((await run({ resume: states[1] })).weights).toEqual(whole.weights);

  const controller = new AbortController();
  const stopped = await run({
    signal: controller.signal,
    observer: { onStep: ({ step }: StepRecord) => step === 3 && controller.abort() },
  });
  expect(stopped).toMatchObject({ status: 'stopped', step: 3 });
});
