// hook_normalized holds a LayerNorm's output before gain and shift, as in TransformerLens from version 3 on.
import { describe, expect, test } from 'vitest';
import { distance } from '../../test/support/golden.ts';
import { WASM_ENGINES } from '../../test/support/kit.ts';
import { randomModel, randomTokens } from '../../test/support/models.ts';
import { referenceEngine } from '../engine/engine.ts';
import type { Hook, Model } from './model.ts';

const SIZES = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 9, dVocab: 13, biases: true };
const tokens = randomTokens({ sequences: 2, length: 7 }, SIZES.dVocab);
const NORMS = [
  { norm: 'blocks.0.ln1', reads: 'blocks.0.hook_resid_pre' },
  { norm: 'blocks.1.ln1', reads: 'blocks.1.hook_resid_pre' },
  { norm: 'ln_final', reads: 'blocks.1.hook_resid_post' },
];
const names = NORMS.map(({ norm }) => `${norm}.hook_normalized`);
const engines = [
  ['reference', referenceEngine, 1e-12] as const,
  ...Object.entries(WASM_ENGINES).map(([name, engine]) => [name, engine, 1e-5] as const),
];

describe.for(engines)('on %s', ([, engine, tolerance]) => {
  const model = randomModel(engine, { ...SIZES, positions: 'shortformer' });
  const weights = model.getWeights();

  test.for(NORMS)('$norm.hook_normalized is (x − mean) / scale', ({ norm, reads }) => {
    const { cache } = model.runWithCache(tokens);
    const [x, scale] = [cache.get(reads).data, cache.get(`${norm}.hook_scale`).data];
    const want = Float64Array.from(x, (value, i) => {
      const row = Math.floor(i / SIZES.dModel);
      const mean =
        Array.from(x.subarray(row * SIZES.dModel, (row + 1) * SIZES.dModel)).reduce((a, b) => a + b, 0) / SIZES.dModel;
      return (value - mean) / scale[row]!;
    });
    expect(distance(cache.get(`${norm}.hook_normalized`).data, want)).toBeLessThan(tolerance);
  });

  test('looking at it, changing nothing there, or changing it back leaves every bit of the run as it was', () => {
    const plain = model.run(tokens);
    const runs = [
      model.runWithCache(tokens, { names }),
      model.runWithHooks(tokens, [[names, () => {}]]),
      model.runWithInterventions(
        tokens,
        names.map((hook) => ({ kind: 'patch', hook }) as const),
      ),
    ];
    for (const { logits, lossPerPosition } of runs) {
      expect(logits).toEqual(plain.logits);
      expect(lossPerPosition).toEqual(plain.lossPerPosition);
    }
  });

  test('what a hook leaves there is given gain and shift before anything reads it', () => {
    const change: Hook = (activation) => {
      activation.data = activation.data.map((x, i) => 0.5 * x + (i % 3));
    };
    const got = model.runWithHooks(tokens, [['ln_final.hook_normalized', change]]).logits;
    const normalized = model.runWithCache(tokens, { names: 'ln_final.*' }).cache.get('ln_final.hook_normalized').data;
    const want = new Float64Array(got.length);
    for (let row = 0; row < 14; row++)
      for (let v = 0; v < SIZES.dVocab; v++) {
        let logit = weights['unembed.b_U']!.data[v]!;
        for (let i = 0; i < SIZES.dModel; i++) {
          const at = row * SIZES.dModel + i;
          const read =
            (0.5 * normalized[at]! + (at % 3)) * weights['ln_final.w']!.data[i]! + weights['ln_final.b']!.data[i]!;
          logit += read * weights['unembed.W_U']!.data[i * SIZES.dVocab + v]!;
        }
        want[row * SIZES.dVocab + v] = logit;
      }
    expect(distance(got, want)).toBeLessThan(tolerance);
  });

  test('a changed scale is what it is divided by', () => {
    const double: Hook = (activation) => {
      activation.data = activation.data.map((x) => 2 * x);
    };
    const seen: number[] = [];
    const keep: Hook = ({ data }) => void seen.push(...data);
    const plain = model.runWithCache(tokens, { names }).cache.get(names[0]!).data;
    model.runWithHooks(tokens, [
      ['blocks.0.ln1.hook_scale', double],
      [names[0]!, keep],
    ]);
    expect(
      distance(
        seen,
        plain.map((x) => x / 2),
      ),
    ).toBeLessThan(tolerance);
  });

  test('its gradient is the slope before the gain: that of the shift times the gain, summed over rows', () => {
    const run = model.runWithGradients(tokens, { names });
    for (const { norm } of NORMS) {
      const { data } = run.activationGradients.get(`${norm}.hook_normalized`);
      const sums = new Float64Array(SIZES.dModel);
      for (const [i, x] of data.entries()) sums[i % SIZES.dModel]! += x;
      const want = Array.from(run.gradients[`${norm}.b`]!.data, (x, i) => x * weights[`${norm}.w`]!.data[i]!);
      expect(distance(sums, want), norm).toBeLessThan(tolerance);
    }
  });
});

test('a model whose gains were folded away reads what the hook shows', () => {
  const model: Model = randomModel(referenceEngine, SIZES);
  const ones = Object.entries(model.getWeights())
    .filter(([name]) => /\bln(1|_final)\./.test(name))
    .map(([name, { shape, data }]) => [name, { shape, data: Array.from(data, () => (name.endsWith('.w') ? 1 : 0)) }]);
  model.setWeights(Object.fromEntries(ones));
  const { cache, logits } = model.runWithCache(tokens, { names: 'ln_final.hook_normalized' });
  const { data } = cache.get('ln_final.hook_normalized');
  const { 'unembed.W_U': W_U, 'unembed.b_U': b_U } = model.getWeights();
  for (let v = 0; v < SIZES.dVocab; v++) {
    let logit = b_U!.data[v]!;
    for (let i = 0; i < SIZES.dModel; i++) logit += data[i]! * W_U!.data[i * SIZES.dVocab + v]!;
    expect(logits[v]).toBeCloseTo(logit, 10);
  }
});
