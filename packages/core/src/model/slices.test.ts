// Batches that run in slices: what they give does not depend on how they were divided. An engine of little memory divides
// what an engine of more runs as a whole.
import { describe, expect, test } from 'vitest';
import { distance } from '../../test/support/golden.ts';
import { randomModel, randomTokens } from '../../test/support/models.ts';
import { type Engine, wasmEngine } from '../engine/engine.ts';
import type { Floats } from '../engine/tensor.ts';
import { loadEngine } from '../node.ts';
import type { ActivationCache } from './activationCache.ts';
import { type ModelOptions, modelConfig, POSITIONS } from './config.ts';
import { hookPoints } from './hookPoints.ts';
import type { Intervention } from './interventions/interventions.ts';
import { type CachedRun, longestRunnable, Model } from './model.ts';

const SIZES = { nLayers: 3, nHeads: 3, dModel: 11, dHead: 5, nCtx: 13, dVocab: 7 };
const limited = async (backend: 'simd' | 'relaxed', maximumPages?: number): Promise<Engine> => {
  const { wasm, ...engine } = await loadEngine({ exact: backend === 'simd', shared: false });
  return wasmEngine({
    module: wasm!.module,
    backend: engine.backend as 'simd' | 'relaxed',
    shared: false,
    ...(maximumPages ? { maximumPages } : {}),
  });
};
const [fewPages, whole, fewFast, wholeFast] = [
  await limited('simd', 20),
  await limited('simd'),
  await limited('relaxed', 20),
  await limited('relaxed'),
];
const tokens = randomTokens({ sequences: 101, length: 12 }, SIZES.dVocab);

/** Comparing numbers one by one takes longer than computing them. */
function expectSameBits(got: Floats, want: Floats, what: string): void {
  const bytes = (floats: Floats): Buffer => Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength);
  expect(got.length, what).toBe(want.length);
  expect(bytes(got).equals(bytes(want)), what).toBe(true);
}

function expectSameActivation(got: ActivationCache, want: ActivationCache, name: string): void {
  expect(got.get(name).shape, name).toEqual(want.get(name).shape);
  expectSameBits(got.get(name).data, want.get(name).data, name);
}

/** Everything that looks at other sequences, and what depends on it in later layers. */
const ACROSS: readonly Intervention[] = [
  { kind: 'resampleAblate', hook: 'blocks.0.attn.hook_v', head: 1, shift: 40 },
  { kind: 'meanAblate', hook: 'blocks.1.attn.hook_pattern', head: 2 },
  { kind: 'meanAblate', hook: 'blocks.0.attn.hook_z', head: 0, positions: [3, 5] },
  { kind: 'removeFromInput', layer: 1, head: 0, input: 'k', sources: 'allEarlier', by: 'mean' },
  { kind: 'removeFromInput', layer: 2, head: 1, input: 'q', sources: [{ layer: 1, head: 0 }], by: 'mean' },
  { kind: 'removeFromInput', layer: 2, head: 1, input: 'v', sources: 'allEarlier' },
  { kind: 'patch', hook: 'blocks.2.attn.hook_z', head: 2 },
];

describe.for([
  { label: 'plain SIMD', few: fewPages, all: whole },
  { label: 'the fastest build', few: fewFast, all: wholeFast },
])('on $label, a batch in slices gives the same bits as the batch as a whole', ({ few, all }) => {
  test.for([
    { normalization: 'LN', positions: 'standard' },
    { normalization: null, positions: 'shortformer' },
    { normalization: 'LN', positions: 'rotary', rotaryDim: 4 },
  ] as const)('%j', (kind) => {
    const options: ModelOptions = { ...SIZES, ...kind, biases: true };
    const [sliced, once] = [randomModel(few, options), randomModel(all, options)];
    expectSameBits(sliced.run(tokens).logits, once.run(tokens).logits, 'logits');
    const names = hookPoints(modelConfig(options), { onRequest: true });
    const cached = [sliced, once].map((model) => model.runWithCache(tokens, { names }).cache);
    for (const name of names) expectSameActivation(cached[0]!, cached[1]!, name);
    const clean = randomTokens({ sequences: 101, length: 12 }, SIZES.dVocab, 2);
    for (const interventions of [ACROSS, ACROSS.slice(0, 3)]) {
      const run = (model: Model): CachedRun =>
        model.runWithInterventions(tokens, interventions, { clean, names: 'blocks.2.*z' });
      const [got, want] = [run(sliced), run(once)];
      expectSameBits(got.lossPerPosition, want.lossPerPosition, 'losses');
      expectSameActivation(got.cache, want.cache, 'blocks.2.attn.hook_z');
    }
  });
});

test('gradients of a batch in slices are those of the whole: each activation’s to the bit, the weights’ to rounding', () => {
  const [sliced, once] = [randomModel(fewPages, SIZES), randomModel(whole, SIZES)];
  const options = { names: '**', queries: [2, 9] } as const;
  const [got, want] = [sliced.runWithGradients(tokens, options), once.runWithGradients(tokens, options)];
  expectSameBits(got.lossPerPosition, want.lossPerPosition, 'losses');
  for (const name of want.activationGradients.names)
    expectSameActivation(got.activationGradients, want.activationGradients, name);
  for (const [name, { data }] of Object.entries(want.gradients))
    expect(distance(got.gradients[name]!.data, data), name).toBeLessThan(1e-5);
});

test('ten thousand sequences run in the memory of some', () => {
  // Half a MiB of activations for each 40 sequences: at once they would take a hundred times what this memory has.
  const model = randomModel(fewPages, SIZES);
  const many = Array.from({ length: 10_000 }, (_, s) => tokens[s % 101] as number[]);
  const [{ lossPerPosition: got }, { lossPerPosition: one }] = [model.run(many), model.run(tokens)];
  expect(got).toHaveLength(110_000);
  expectSameBits(got.subarray(0, 1111), one, 'the first');
  expectSameBits(got.subarray(98 * 1111, 99 * 1111), one, 'the last whole round');
});

describe('what does not fit is refused with the number', () => {
  test('a sequence whose patterns are too large, before anything is allocated', () => {
    const model = new Model(whole, { ...SIZES, positions: 'none', nCtx: 16_384, nHeads: 8 });
    const started = performance.now();
    expect(() => model.run([new Int32Array(16_384)])).toThrow(
      /^run: one sequence of 16,384 tokens takes \d+\.\d GiB, of which each head's pattern is 1\.0 GiB, and this memory has 4\.0 GiB; use at most [\d,]+ tokens\.$/,
    );
    expect(performance.now() - started).toBeLessThan(2000);
    expect(model.run([[3, 1, 4]]).length).toBe(3);
  });

  test('logits and activations that no run can give back', () => {
    const model = new Model(whole, { ...SIZES, nCtx: 1024, dVocab: 50_000 });
    const sequence = new Int32Array(1024);
    expect(() => model.run(new Array(200).fill(sequence))).toThrow(
      'run: the logits of 200 sequences of 1,024 tokens take 38.1 GiB, and a run gives back at most 4.0 GiB; run fewer sequences at a time.',
    );
    const narrow = new Model(whole, { ...SIZES, nCtx: 1024 });
    expect(() => narrow.runWithCache(new Array(200).fill(sequence))).toThrow(/logits and kept activations of 200 seq/);
  });
});

describe('longestRunnable', () => {
  const options = { ...SIZES, positions: 'none', nCtx: 4096 } as const;

  test.for([1, 3])('is the length at which %i run, and one token more is refused', (sequences) => {
    const longest = longestRunnable(modelConfig(options), { sequences, engine: fewPages });
    expect(longest).toBeGreaterThan(20);
    const model = new Model(fewPages, options);
    const run = (length: number): unknown =>
      // A hook sees all sequences at once, so that they do not run in slices.
      model.runWithHooks(new Array(sequences).fill(new Int32Array(length)), [['hook_embed', () => {}]]);
    run(longest);
    expect(() => run(longest + 1)).toThrow(/^runWithHooks: .* this memory has 1\.3 MiB/);
  });

  test('with everything leaves room for gradients at per-head inputs and results', () => {
    const longest = longestRunnable(modelConfig(options), { everything: true, engine: fewPages });
    expect(longest).toBeLessThan(longestRunnable(modelConfig(options), { engine: fewPages }));
    new Model(fewPages, options).runWithGradients([new Int32Array(longest)], { names: '**' });
  });

  test('hardly depends on the number of layers: a forward pass keeps one layer’s patterns, unless gradients are wanted', () => {
    const longest = (nLayers: number, everything: boolean): number =>
      longestRunnable(modelConfig({ ...options, nLayers }), { engine: fewPages, everything });
    expect(longest(9, false) / longest(2, false)).toBeGreaterThan(0.95); // weights take some
    expect(longest(9, true) / longest(2, true)).toBeLessThan(0.7);
  });

  test.for(POSITIONS)('is found for the longest context that there is, or it is refused by name: %s', (positions) => {
    const options = { ...SIZES, positions, nCtx: 2 ** 31 - 1 };
    if (positions === 'rotary' || positions === 'alibi') {
      expect(longestRunnable(modelConfig(options))).toBeGreaterThan(1000);
      expect(new Model(fewPages, options).run([[0, 1, 2]]).length).toBe(3);
    } else
      expect(() => modelConfig(options)).toThrow(
        /^modelConfig: nCtx \(2147483647\) is too large beside the other sizes: .* make the model smaller\.$/,
      );
  });

  test('is the context where that fits, and names what it is not given', () => {
    expect(longestRunnable(modelConfig(SIZES))).toBe(13);
    expect(longestRunnable(modelConfig({ ...SIZES, dVocab: 100_000_000, dModel: 4 }))).toBe(0);
    expect(() => longestRunnable(modelConfig(SIZES), { sequence: 2 } as never)).toThrow(
      'longestRunnable: options has an unknown field "sequence"; the nearest known one is "sequences".',
    );
  });
});
