import { describe, expect, expectTypeOf, test } from 'vitest';
import { distance } from '../../../test/support/golden.ts';
import { WASM_ENGINES } from '../../../test/support/kit.ts';
import { POSITION_OPTIONS, randomModel, randomTokens } from '../../../test/support/models.ts';
import { perfectCopyLoss } from '../../../test/support/paper.ts';
import { type Engine, referenceEngine } from '../../engine/engine.ts';
import { NotFiniteError } from '../../errors/notFinite.ts';
import { TooLargeError } from '../../errors/tooLarge.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { Model } from '../../model/model.ts';
import { logitLens } from './logitLens.ts';

describe('on paper', () => {
  const V = 11;
  const model = handBuiltInduction(referenceEngine, { dVocab: V, nCtx: 14 });
  const block = [3, 1, 4, 5, 9];

  test('the hand-built induction model knows nothing after layer 0, and copies after layer 1', () => {
    const lens = logitLens(model, [[...block, ...block]]);
    expect(lens.layers).toEqual([0, 1]);
    for (let t = 0; t < 9; t++) expect(lens.loss.at(0, 0, t)).toBeCloseTo(Math.log(V), 10);
    for (let t = 5; t < 9; t++) {
      expect(lens.loss.at(1, 0, t)).toBeCloseTo(perfectCopyLoss(V), 8);
      const right = block[t - 4]!;
      lens.logits.row(1, 0, t).forEach((logit, token) => {
        expect(logit).toBeCloseTo(token === right ? 20 : 0, 6);
      });
      expect(lens.probabilities.at(0, 0, t, right)).toBeCloseTo(1 / V, 10);
      expect(lens.probabilities.at(1, 0, t, right)).toBeCloseTo(Math.exp(-perfectCopyLoss(V)), 8);
    }
  });

  test('the final LayerNorm takes each row’s own mean and variance, its gain and shift, then W_U and b_U', () => {
    const eps = 0.25;
    const tiny = new Model(referenceEngine, {
      ...{ nLayers: 1, nHeads: 1, dModel: 2, dHead: 1, nCtx: 5, dVocab: 3 },
      ...{ positions: 'none', normalization: 'LN', biases: true, eps },
    });
    tiny.setWeights({
      'embed.W_E': { shape: [3, 2], data: [3, 1, 1, 1, 0, 4] },
      'ln_final.w': { shape: [2], data: [2, 3] },
      'ln_final.b': { shape: [2], data: [0.5, 0] },
      'unembed.W_U': { shape: [2, 3], data: [1, 0, 2, 0, 1, 1] },
      'unembed.b_U': { shape: [3], data: [0, 0, 7] },
    });
    // Attention writes nothing. Token 0: [3, 1] − 2 = [1, −1], variance 1; token 2: [0, 4] − 2 = [−2, 2], variance 4.
    const { logits } = logitLens(tiny, [[0, 1, 2]]);
    const read = (x: number): number[] => {
      const [a, b] = [2 * x + 0.5, -3 * x];
      return [a, b, 2 * a + b + 7];
    };
    const want = [read(1 / Math.sqrt(1 + eps)), read(0), read(-2 / Math.sqrt(4 + eps))];
    want.forEach((row, t) => {
      row.forEach((x, v) => {
        expect(logits.at(0, 0, t, v)).toBeCloseTo(x, 12);
      });
    });
  });
});

describe('after the last layer it is the model’s own output', () => {
  const SIZES = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 17, dVocab: 13 };
  const tokens = randomTokens({ sequences: 2, length: 7 }, SIZES.dVocab);
  const engines: [string, Engine, number][] = [
    ['float64', referenceEngine, 1e-12],
    ...Object.entries(WASM_ENGINES).map(([name, engine]): [string, Engine, number] => [name, engine, 1e-5]),
  ];
  const kinds = POSITION_OPTIONS.flatMap(({ options }) =>
    (['LN', null] as const).flatMap((normalization) =>
      [true, false].map((on) => ({ ...SIZES, ...options, normalization, biases: on, tied: on })),
    ),
  );
  test.for(engines)('%s', ([, engine, tolerance]) => {
    for (const options of kinds) {
      const model = randomModel(engine, options);
      const { logits, lossPerPosition } = model.run(tokens);
      const lens = logitLens(model, tokens);
      const [half, losses] = [logits.length, lossPerPosition.length];
      expect(distance(lens.logits.data.subarray(half), logits)).toBeLessThan(tolerance);
      expect(distance(lens.loss.data.subarray(losses), lossPerPosition)).toBeLessThan(tolerance);
      expect(distance(lens.logits.data.subarray(0, half), logits)).toBeGreaterThan(0.01);
    }
  });

  test('axes and shapes are named, probabilities sum to 1, and chosen layers come in the order asked for', () => {
    const model = randomModel(referenceEngine, SIZES);
    const all = logitLens(model, tokens);
    expect([all.logits.axes, all.logits.shape]).toEqual([
      ['layer', 'batch', 'pos', 'dVocab'],
      [2, 2, 7, 13],
    ]);
    expect([all.loss.axes, all.loss.shape]).toEqual([
      ['layer', 'batch', 'pos'],
      [2, 2, 6],
    ]);
    for (let t = 0; t < 7; t++) expect(all.probabilities.row(0, 1, t).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    const turned = logitLens(model, tokens, { layers: [1, 0] });
    expect(turned.layers).toEqual([1, 0]);
    expect(turned.loss.row(0, 1)).toEqual(all.loss.row(1, 1));
    expect(turned.loss.row(1, 0)).toEqual(all.loss.row(0, 0));
    expectTypeOf(all.loss.toNested()).toEqualTypeOf<number[][][]>();
  });

  test('a sequence of one token has logits and no loss', () => {
    const lens = logitLens(randomModel(referenceEngine, SIZES), [[4]]);
    expect(lens.loss.shape).toEqual([2, 1, 0]);
    expect(lens.logits.shape).toEqual([2, 1, 1, 13]);
  });
});

describe('what cannot be meant is refused in a sentence', () => {
  const model = randomModel(referenceEngine, { nLayers: 2, nHeads: 1, dModel: 4, dHead: 2, nCtx: 9, dVocab: 5 });
  const tokens = [[1, 2, 3]];
  test.each<[() => unknown, string]>([
    [() => logitLens({} as never, tokens), 'logitLens: the model must be a Model'],
    [() => logitLens(model, [1, 2] as never), 'logitLens: tokens must be an array of sequences'],
    [() => logitLens(model, [[9]]), 'logitLens: sequence 0 has token 9 at position 0'],
    [
      () => logitLens(model, tokens, { layers: [0, 2] }),
      'logitLens: there is no layer 2; this model has layers 0 to 1.',
    ],
    [
      () => logitLens(model, tokens, { layers: [] }),
      'logitLens: layers is empty, so nothing would be read; name layers.',
    ],
    [() => logitLens(model, tokens, { layers: [1, 1] }), 'logitLens: layers has 1 twice; name each once.'],
    [() => logitLens(model, tokens, { layer: 1 } as never), 'logitLens: options has an unknown field "layer"'],
  ])('%#', (call, sentence) => {
    expect(call).toThrow(sentence);
  });

  test('more numbers than memory holds', () => {
    const wide = new Model(referenceEngine, { nLayers: 2, nHeads: 1, dModel: 1, dHead: 1, nCtx: 4096, dVocab: 4096 });
    const long = Array.from({ length: 9 }, () => new Int32Array(4096));
    expect(() => logitLens(wide, long)).toThrow(TooLargeError);
    expect(() => logitLens(wide, long)).toThrow(/^logitLens: logits and probabilities of 2 layers, 9 sequences/);
  });

  test('outputs that are not finite', () => {
    const broken = randomModel(Object.values(WASM_ENGINES)[0]!, model.config);
    broken.setWeights({ 'unembed.W_U': { shape: [4, 5], data: new Float32Array(20).fill(3e38) } });
    expect(() => logitLens(broken, tokens)).toThrow(NotFiniteError);
  });
});
