// The whole model against the golden data: a model with its weights, its batches, and ten steps of training.
import { expect } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { Model } from '../../src/model/model.ts';
import { type Experiment, parseExperiment } from '../../src/training/experiment.ts';
import { distance, type GOLDEN, type Golden, loadGolden } from './golden.ts';
import { SingleOptimizer } from './singleOptimizer.ts';

/** Losses of ten AdamW steps, and the weights after the first and the last, against those of float64 PyTorch. */
export function checkSteps(name: (typeof GOLDEN)[number], engine: Engine, tolerance: number): void {
  const golden = loadGolden(name);
  const weights = goldenModel(engine, golden).getWeights();
  const optimizer = new SingleOptimizer(engine, goldenExperiment(golden), weights, batches(golden));
  const losses = batches(golden).map((_, step) => {
    const loss = optimizer.step();
    if (step === 0 || step === 9)
      for (const [weight, { data }] of Object.entries(optimizer.weights())) {
        const want = golden.get(`after${step + 1}.${weight}`);
        // AdamW divides rounding noise by its own size in b_K: compare absolutely, one learning rate per step at most.
        if (weight.endsWith('b_K')) {
          const worst = Math.max(...want.map((w, i) => Math.abs(w - data[i]!)));
          expect(worst, weight).toBeLessThan(golden.learningRate * (step + 1));
        } else expect(distance(data, want), `${weight} after ${step + 1}`).toBeLessThan(tolerance);
      }
    return loss;
  });
  expect(distance(losses, golden.get('train_losses'))).toBeLessThan(tolerance);
}

export function goldenModel(engine: Engine, golden: Golden): Model {
  const model = new Model(engine, golden.config);
  const weights = Object.entries(model.getWeights()).map(([name, { shape }]) => [
    name,
    { shape, data: golden.get(`w.${name}`) },
  ]);
  model.setWeights(Object.fromEntries(weights));
  return model;
}

/** AdamW as in test/golden/README.txt: every parameter decays, no warm-up, no clipping. */
function goldenExperiment({ config, learningRate, weightDecay, get }: Golden): Experiment {
  const batch = get('tokens').length / 10 / config.nCtx;
  const training = { steps: 10, batch, learningRate, weightDecay, decayed: ['*'] };
  const json = { name: 'golden', model: config, task: { kind: 'random' }, training };
  return parseExperiment(json);
}

/** The ten batches of the golden run, each [sequence][position]. */
export function batches({ config, get }: Golden): Float64Array[][] {
  const tokens = get('tokens');
  const size = tokens.length / 10;
  return Array.from({ length: 10 }, (_, step) =>
    Array.from({ length: size / config.nCtx }, (_, s) =>
      tokens.subarray(step * size + s * config.nCtx, step * size + (s + 1) * config.nCtx),
    ),
  );
}
