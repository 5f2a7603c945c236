// Models with the parts of language models train as others do: the same bits with any number of threads, resumed or not.
import { expect, test } from 'vitest';
import { Model } from '../src/model/model.ts';
import { decodeCheckpoint, encodeCheckpoint, loadEngine, startWorkers } from '../src/node.ts';
import { parseExperiment } from '../src/training/experiment.ts';
import { train } from '../src/training/train.ts';
import type { TrainingState } from '../src/training/trainingState.ts';
import type { Pause, StepRecord } from '../src/training/trainLoop.ts';
import { hashWeights } from './support/hash.ts';
import { smallExperiment } from './support/smallExperiment.ts';

const engine = await loadEngine({ exact: true });
const PARTS = {
  'an MLP': { dMlp: 13, actFn: 'gelu' },
  'all that Qwen 3 has': {
    ...{ positions: 'rotary', normalization: 'RMS', nKeyValueHeads: 1, qkNorm: true },
    ...{ dMlp: 13, actFn: 'silu', gatedMlp: true },
  },
  'attention and MLP in parallel': {
    positions: 'standard',
    dMlp: 13,
    actFn: 'relu',
    parallelAttnMlp: true,
    biases: true,
  },
};

test.for(Object.entries(PARTS))('%s: same bits on 1 and 3 threads and resumed, and it learns', async ([, model]) => {
  const experiment = smallExperiment({ model, training: { steps: 80 } });
  expect(parseExperiment(JSON.parse(JSON.stringify(experiment)))).toEqual(experiment);
  const losses: number[] = [];
  let state: TrainingState | undefined;
  const run = (threads: number, more: object = {}): Promise<{ weights: Parameters<typeof hashWeights>[0] }> =>
    train({ engine, experiment, seed: 5, threads, startPool: startWorkers(), ...more });
  const one = await run(1, {
    pauseAt: [41],
    observer: {
      onStep: (record: StepRecord) => losses.push(record.loss),
      onPause: (pause: Pause) => {
        if (pause.step > 0 && pause.step < 80) state = pause.state();
      },
    },
  });
  expect(losses.slice(-20).reduce((sum, x) => sum + x, 0) / 20).toBeLessThan(losses[0]! - 0.05);
  const want = hashWeights(one.weights);
  expect(hashWeights((await run(3)).weights)).toBe(want);
  expect(hashWeights((await run(2, { resume: state })).weights)).toBe(want);
  const trained = new Model(engine, experiment.model);
  trained.setWeights(one.weights);
  const { config, weights } = decodeCheckpoint(encodeCheckpoint(trained.config, one.weights), 'a.safetensors');
  expect(config).toEqual(trained.config);
  expect(hashWeights(weights)).toBe(want);
});
