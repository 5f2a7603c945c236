// Forward passes that several threads share: the same bits as on one, whatever acts and is kept.
import { createHash } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { randomModel, randomTokens } from '../../../test/support/models.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Helpers } from '../../engine/helpers.ts';
import { loadEngine } from '../../node.ts';
import type { Intervention } from '../interventions/interventions.ts';
import type { Model } from '../model.ts';
import { sharesOf, threadsFor } from './forwardPool.ts';

const OPTIONS = { nLayers: 2, nHeads: 3, dModel: 83, dHead: 31, nCtx: 40, dVocab: 29, biases: true };
const tokens = randomTokens({ sequences: 23, length: 37 }, OPTIONS.dVocab);
const other = randomTokens({ sequences: 23, length: 37 }, OPTIONS.dVocab, 7);
const alone = await loadEngine({ exact: true });
const engines = await Promise.all([2, 3].map((threads) => loadEngine({ exact: true, threads })));
afterAll(() => {
  for (const { helpers } of engines) helpers?.close();
});

/** The engine, and a count of the orders that its helpers have had. */
function counting(engine: Engine): { engine: Engine; asked: () => number } {
  let count = 0;
  const helpers: Helpers = {
    ...engine.helpers!,
    ask: (helper, order) => {
      count++;
      engine.helpers!.ask(helper, order);
    },
  };
  return { engine: { ...engine, helpers }, asked: () => count };
}

const hash = (data: ArrayLike<number>): string =>
  createHash('sha256')
    .update(new Uint8Array(Float32Array.from(data).buffer))
    .digest('hex');

const z = (layer: number, head: number): { hook: string; head: number } => ({
  hook: `blocks.${layer}.attn.hook_z`,
  head,
});
const CASES: readonly { label: string; interventions: readonly Intervention[]; clean?: number[][] }[] = [
  { label: 'nothing', interventions: [] },
  { label: 'zero ablation', interventions: [{ kind: 'zeroAblate', ...z(0, 1) }] },
  { label: 'means over all sequences', interventions: [{ kind: 'meanAblate', ...z(1, 2) }] },
  { label: 'means of patterns', interventions: [{ kind: 'meanAblate', hook: 'blocks.1.attn.hook_pattern' }] },
  { label: 'another sequence’s activation', interventions: [{ kind: 'resampleAblate', shift: 9, ...z(0, 0) }] },
  { label: 'patching', interventions: [{ kind: 'patch', ...z(0, 2), positions: [3, 30] }], clean: other },
  {
    label: 'an edge',
    interventions: [{ kind: 'removeFromInput', layer: 1, head: 0, input: 'k', sources: 'allEarlier' }],
  },
  {
    label: 'an edge by its mean',
    interventions: [
      { kind: 'removeFromInput', layer: 1, head: 0, input: 'k', sources: [{ layer: 0, head: 1 }], by: 'mean' },
    ],
  },
  {
    label: 'an edge from another run',
    interventions: [{ kind: 'removeFromInput', layer: 1, head: 2, input: 'v', sources: 'allEarlier', by: 'clean' }],
    clean: other,
  },
];

/** Everything that a run gives, by hash. */
const runOn = (model: Model, { interventions, clean }: (typeof CASES)[number], names: string): string[] => {
  const run = model.runWithInterventions(tokens, interventions, { names, ...(clean ? { clean } : {}) });
  const kept = run.cache.names.map(
    (name) => `${name} [${run.cache.get(name).shape}] ${hash(run.cache.get(name).data)}`,
  );
  return [hash(run.logits), hash(run.lossPerPosition), ...kept];
};

describe.for(engines.map((engine) => [engine.helpers!.count + 1, engine] as const))('%i threads', ([, engine]) => {
  test.for(CASES)('$label: the same bits as one thread', (which) => {
    const names = which.interventions.some((i) => i.kind === 'removeFromInput') ? '*.hook_z' : '*';
    const want = runOn(randomModel(alone, OPTIONS), which, names);
    const { engine: watched, asked } = counting(engine);
    const model = randomModel(watched, OPTIONS);
    for (let again = 0; again < 2; again++) expect(runOn(model, which, names)).toEqual(want);
    const divided = !which.interventions.some((i) => i.kind === 'removeFromInput' && i.by === 'mean');
    expect(asked() > 0).toBe(divided);
  });

  test('weights that change in between, and models in turn, are told apart', () => {
    const models = [1, 2, 3].map((seed) => randomModel(engine, OPTIONS, seed));
    const wanted = [1, 2, 3].map((seed) => randomModel(alone, OPTIONS, seed).run(tokens).logits);
    for (let round = 0; round < 2; round++)
      models.forEach((model, i) => void expect(model.run(tokens).logits).toEqual(wanted[i]));
    models[0]!.setWeights(models[1]!.getWeights());
    expect(models[0]!.run(tokens).logits).toEqual(wanted[1]);
  });

  test('where less is given back, it is the same', () => {
    const [one, many] = [alone, engine].map((on) => randomModel(on, OPTIONS));
    const names = ['blocks.1.attn.hook_pattern'];
    const { lossPerPosition } = one!.run(tokens);
    const { data } = one!.runWithCache(tokens, { names }).cache.get(names[0]!);
    for (const returns of ['losses', 'nothing'] as const) {
      const run = many!.runWithCache(tokens, { names, returns });
      expect(run.logits).toHaveLength(0);
      expect(run.lossPerPosition).toEqual(returns === 'losses' ? lossPerPosition : new Float32Array(0));
      expect(run.cache.get(names[0]!).data).toEqual(data);
    }
  });

  test('what a helper cannot do is told, and the model runs on', () => {
    const model = randomModel(engine, OPTIONS);
    const short = randomTokens({ sequences: 22, length: 37 }, OPTIONS.dVocab);
    const { cache } = model.runWithCache(short);
    expect(() => model.runWithInterventions(tokens, [{ kind: 'patch', ...z(0, 0) }], { clean: cache })).toThrow(
      /use as many prompts of equal length/,
    );
    expect(model.run(tokens).logits).toEqual(randomModel(alone, OPTIONS).run(tokens).logits);
  });

  test('arrays that come back are nobody else’s', () => {
    const { logits, cache } = randomModel(engine, OPTIONS).runWithCache(tokens, { names: '*.hook_z' });
    expect(logits.buffer).toBeInstanceOf(ArrayBuffer);
    expect(cache.get('blocks.0.attn.hook_z').data.buffer).toBeInstanceOf(ArrayBuffer);
  });
});

test('a helper that gives no sign of life ends the pass with a sentence', () => {
  const silent: Helpers = { count: 1, patience: 1, ask: () => {}, close: () => {} };
  const model = randomModel({ ...alone, helpers: silent }, OPTIONS);
  expect(() => model.run(tokens)).toThrow(/has given no sign of life for 1 s; run again, with fewer threads/);
});

test('little work stays on one thread, and every sequence is somebody’s', () => {
  const helpers = { count: 7, patience: 1, ask: () => {}, close: () => {} };
  expect(threadsFor(helpers, { batch: 4, length: 10, weights: 1000 })).toBe(1);
  expect(threadsFor(null, { batch: 400, length: 100, weights: 10_000 })).toBe(1);
  expect(threadsFor(helpers, { batch: 5, length: 100, weights: 100_000 })).toBe(5);
  expect(sharesOf(7, 3)).toEqual([
    { first: 0, count: 2 },
    { first: 2, count: 2 },
    { first: 4, count: 3 },
  ]);
});
