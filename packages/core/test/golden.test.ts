// The whole model against float64 PyTorch: logits, patterns, losses, every gradient, weights after 1 and 10 AdamW steps.
import { expect, test } from 'vitest';
import { type Engine, referenceEngine } from '../src/engine/engine.ts';
import { loadEngine } from '../src/node.ts';
import { distance, GOLDEN, loadGolden } from './support/golden.ts';
import { batches, checkSteps, goldenModel } from './support/goldenChecks.ts';
import { oneByOne, unwatched } from './support/oneByOne.ts';

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

test.for(cases)(
  '$name on $label: losses and gradients as training takes them, from tables',
  ({ name, engine, tolerance }) => {
    const golden = loadGolden(name);
    const { config } = golden;
    const batch = batches(golden)[0]!;
    const weights = goldenModel(engine, golden).getWeights();
    const { usesTables, losses, gradients } = oneByOne(engine, { config, weights, plan: unwatched(1e6) }, batch);
    expect(usesTables).toBe(true);
    expect(distance(losses.flat(), golden.get('loss_per_pos'))).toBeLessThan(tolerance);
    for (const [weight, { data }] of Object.entries(gradients))
      if (!weight.endsWith('b_K')) expect(distance(data, golden.get(`grad.${weight}`)), weight).toBeLessThan(tolerance);
  },
);

// Ten steps of the full size take the float64 loops most of a minute: golden.slow.test.ts.
const quick = cases.filter(({ label, name }) => label !== 'reference' || name.startsWith('tiny'));

test.for(quick)('$name on $label: weights after 1 and 10 AdamW steps', ({ name, engine, tolerance }) =>
  checkSteps(name, engine, tolerance),
);
