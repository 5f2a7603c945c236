// The whole model against float64 PyTorch: logits, patterns, losses, every gradient, weights after 1 and 10 AdamW steps.
import { expect, test } from 'vitest';
import { type Engine, referenceEngine } from '../src/engine/engine.ts';
import { Model } from '../src/model/model.ts';
import { loadEngine } from '../src/node.ts';
import { type Experiment, parseExperiment } from '../src/training/experiment.ts';
import { distance, GOLDEN, type Golden, loadGolden } from './support/golden.ts';
import { SingleOptimizer } from './support/singleOptimizer.ts';

const engines: Record<string, { engine: Engine; tolerance: number }> = {
  reference: { engine: referenceEngine, tolerance: 1e-12 },
  'plain SIMD': { engine: await loadEngine({ exact: true }), tolerance: 1e-5 },
  'fastest build': { engine: await loadEngine(), tolerance: 1e-5 },
  'memory not shared': { engine: await loadEngine({ shared: false }), tolerance: 1e-5 },
};

const cases = Object.entries(engines).flatMap(([label, e]) => GOLDEN.map((name) => ({ label, name, ...e })));

test.for(cases)('$name on $label: logits, patterns, losses, gradients', ({ name, engine, tolerance }) => {
  const golden = loadGolden(name);
  const model = goldenModel(engine, golden);
  const batch = batches(golden)[0]!;
  const names = ['blocks.*.attn.hook_pattern', `blocks.${golden.config.nLayers - 1}.hook_resid_post`];
  const { logits, lossPerPosition, cache } = model.runWithCache(batch, { names });
  expect(distance(logits, golden.get('logits'))).toBeLessThan(tolerance);
  expect(distance(lossPerPosition, golden.get('loss_per_pos'))).toBeLessThan(tolerance);
  expect(distance(cache.get(names[1]!).data, golden.get('resid_final'))).toBeLessThan(tolerance);
  for (let layer = 0; layer < golden.config.nLayers; layer++)
    expect(distance(cache.get(`blocks.${layer}.attn.hook_pattern`).data, golden.get(`pattern.${layer}`))).toBeLessThan(
      tolerance,
    );
  for (const [weight, { data }] of Object.entries(model.runWithGradients(batch).gradients)) {
    const want = golden.get(`grad.${weight}`);
    if (weight.endsWith('b_K'))
      expect(Math.hypot(...(data as Float32Array)), weight).toBeLessThan(1e-7); // exactly 0 in theory
    else expect(distance(data, want), weight).toBeLessThan(tolerance);
  }
});

test.for(cases)('$name on $label: weights after 1 and 10 AdamW steps', ({ name, engine, tolerance }) => {
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
});

function goldenModel(engine: Engine, golden: Golden): Model {
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
function batches({ config, get }: Golden): Float64Array[][] {
  const tokens = get('tokens');
  const size = tokens.length / 10;
  return Array.from({ length: 10 }, (_, step) =>
    Array.from({ length: size / config.nCtx }, (_, s) =>
      tokens.subarray(step * size + s * config.nCtx, step * size + (s + 1) * config.nCtx),
    ),
  );
}
