import { describe, expect, expectTypeOf, test } from 'vitest';
import { WASM_ENGINES } from '../../test/support/kit.ts';
import { randomModel, randomTokens } from '../../test/support/models.ts';
import { type Engine, referenceEngine } from '../engine/engine.ts';
import { NotFiniteError } from '../errors/notFinite.ts';
import { handBuiltInduction } from '../examples/handBuiltInduction.ts';
import { Model } from './model.ts';

const OPTIONS = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 17, dVocab: 13 };
const model = randomModel(referenceEngine, OPTIONS);

/** A model that says the same of every token that could follow, whatever came before: these probabilities. */
function constant(probabilities: readonly number[], engine: Engine = referenceEngine): Model {
  const dVocab = probabilities.length;
  const biased = new Model(engine, { nLayers: 1, nHeads: 1, dModel: 2, dHead: 1, nCtx: 40, dVocab, biases: true });
  biased.setWeights({ 'unembed.b_U': { shape: [dVocab], data: probabilities.map(Math.log) } });
  return biased;
}

describe('without a temperature', () => {
  test('the hand-built induction model goes on with the block that it has seen', () => {
    const induction = handBuiltInduction(referenceEngine, { dVocab: 11, nCtx: 14 });
    expect(induction.generate([3, 1, 4, 5, 9, 3], { tokens: 8 })).toEqual([3, 1, 4, 5, 9, 3, 1, 4, 5, 9, 3, 1, 4, 5]);
    const batch = [
      [3, 1, 4, 3],
      [7, 8, 2, 7],
    ];
    expect(induction.generate(batch, { tokens: 2 })).toEqual([
      [3, 1, 4, 3, 1, 4],
      [7, 8, 2, 7, 8, 2],
    ]);
  });

  test('each token is the likeliest after all before it, in a batch as alone', () => {
    const prompts = randomTokens({ sequences: 3, length: 5 }, OPTIONS.dVocab);
    const continued = model.generate(prompts, { tokens: 12 });
    continued.forEach((sequence, s) => {
      expect(sequence.slice(0, 5)).toEqual(prompts[s]);
      expect(model.generate(prompts[s]!, { tokens: 12 })).toEqual(sequence);
      for (let t = 5; t < 17; t++) {
        const last = model.run([sequence.slice(0, t)]).logits.subarray((t - 1) * OPTIONS.dVocab);
        expect(sequence[t]).toBe(last.indexOf(Math.max(...last)));
      }
    });
  });

  test('of equally likely tokens the lowest follows', () => {
    expect(constant([0.2, 0.4, 0.4]).generate([0], { tokens: 3 })).toEqual([0, 1, 1, 1]);
  });

  test('a typed array is a sequence, the prompt stays as it was, and a temperature of 0 changes nothing', () => {
    const prompt = Int32Array.of(1, 2, 3);
    const continued = model.generate(prompt, { tokens: 4 });
    expect(continued).toEqual(model.generate([1, 2, 3], { tokens: 4, temperature: 0 }));
    expect(prompt).toEqual(Int32Array.of(1, 2, 3));
    expectTypeOf(continued).toEqualTypeOf<number[]>();
    expectTypeOf(model.generate([prompt], { tokens: 1 })).toEqualTypeOf<number[][]>();
  });
});

describe('with a temperature', () => {
  const P = [0.1, 0.2, 0.4, 0.3];
  /** How often each token is drawn, of 4000. */
  const shares = (options: { temperature: number; topK?: number }): number[] => {
    const prompts = Array.from({ length: 1000 }, () => [0]);
    const drawn = constant(P, WASM_ENGINES['plain SIMD'])
      .generate(prompts, { tokens: 4, seed: 1, ...options })
      .flatMap((sequence) => sequence.slice(1));
    return P.map((_, token) => drawn.filter((t) => t === token).length / drawn.length);
  };
  /** Three standard deviations of a share of 4000 draws. */
  const close = (got: readonly number[], want: readonly number[]): void =>
    got.forEach((share, token) => {
      expect(Math.abs(share - want[token]!), `token ${token}`).toBeLessThan(3 * Math.sqrt(0.25 / 4000));
    });

  test('tokens are drawn as likely as they are', () => close(shares({ temperature: 1 }), P));

  test('divided by it, the logits are sharper or flatter', () => {
    const squares = P.map((p) => p * p);
    const sum = squares.reduce((a, b) => a + b);
    close(
      shares({ temperature: 0.5 }),
      squares.map((p) => p / sum),
    );
    close(shares({ temperature: 1e9 }), [0.25, 0.25, 0.25, 0.25]);
    expect(shares({ temperature: 1e-9 })).toEqual([0, 0, 1, 0]);
  });

  test('topK leaves the likeliest, of equal ones the lowest', () => {
    close(shares({ temperature: 1, topK: 2 }), [0, 0, 4 / 7, 3 / 7]);
    expect(shares({ temperature: 1, topK: 1 })).toEqual([0, 0, 1, 0]);
    const equal = constant([0.25, 0.25, 0.25, 0.25]).generate([3], { tokens: 30, temperature: 1, topK: 2 });
    expect(new Set(equal.slice(1))).toEqual(new Set([0, 1]));
  });

  test('a seed draws the same tokens on every engine, another others; the first of a batch are those drawn alone', () => {
    const options = { tokens: 14, temperature: 2, seed: 5 };
    const [first] = model.generate(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      options,
    );
    expect(model.generate([1, 2, 3], options)).toEqual(first);
    expect(model.generate([1, 2, 3], { ...options, seed: 6 })).not.toEqual(first);
    for (const engine of Object.values(WASM_ENGINES))
      expect(randomModel(engine, OPTIONS).generate([1, 2, 3], options)).toEqual(first);
    // Written down: what a seed draws is part of what a version promises.
    expect(constant(P).generate([0], { tokens: 12, temperature: 1, seed: 3 })).toEqual([
      0, 3, 1, 2, 2, 2, 3, 2, 0, 2, 2, 1, 2,
    ]);
  });

  test('sequences of a batch draw each their own', () => {
    const same = constant(P).generate([[0], [0]], { tokens: 30, temperature: 1 });
    expect(same[0]).not.toEqual(same[1]);
  });
});

describe('what cannot be meant is refused in a sentence', () => {
  const asked = (prompt: unknown, options: unknown) => () => model.generate(prompt as number[], options as never);
  test.each<[() => unknown, string]>([
    [
      asked([1, 2, 3], { tokens: 15 }),
      "generate: 3 tokens and 15 more do not fit this model's context of 17; ask for at most 14.",
    ],
    [
      asked(new Array(17).fill(1), { tokens: 1 }),
      "generate: 17 tokens and 1 more do not fit this model's context of 17; shorten the prompt.",
    ],
    [asked([1], undefined), 'generate: options is missing; it must be an object.'],
    [asked([1], {}), 'generate: options.tokens is missing; it must be a number.'],
    [asked([1], { tokens: 0 }), 'generate: options.tokens must be at least 1, got 0.'],
    [asked([1], { tokens: 2, temp: 1 }), 'generate: options has an unknown field "temp"'],
    [asked([1], { tokens: 2, temperature: -1 }), 'generate: options.temperature must be at least 0, got -1.'],
    [
      asked([1], { tokens: 2, temperature: 1, topK: 14 }),
      'generate: options.topK must be at most dVocab (13), got 14.',
    ],
    [
      asked([1], { tokens: 2, topK: 3 }),
      'generate: options.topK has no effect without a temperature above 0; give temperature: 1, or leave topK out.',
    ],
    [asked([1], { tokens: 2, seed: 3 }), 'generate: options.seed has no effect without a temperature above 0'],
    [asked([1, 13], { tokens: 2 }), 'generate: sequence 0 has token 13 at position 1; tokens are whole numbers'],
    [asked([], { tokens: 2 }), 'generate: expected at least one sequence of at least one token.'],
    [asked([[1, 2], [3]], { tokens: 2 }), 'generate: sequence 1 has 1 tokens, sequence 0 has 2; use equal lengths.'],
    [asked('text', { tokens: 2 }), 'generate: tokens must be an array of sequences'],
    [asked(null, { tokens: 2 }), 'generate: tokens must be an array of sequences'],
  ])('%#', (call, sentence) => {
    expect(call).toThrow(sentence);
  });

  test('a model whose logits are no numbers', () => {
    const broken = constant([0.5, 0.5], WASM_ENGINES['plain SIMD']);
    broken.setWeights({
      'embed.W_E': { shape: [2, 2], data: [1, -1, 1, -1] },
      'unembed.W_U': { shape: [2, 2], data: [3e38, 1, -3e38, 1] },
    });
    expect(() => broken.generate([0], { tokens: 1 })).toThrow(NotFiniteError);
    expect(() => broken.generate([0], { tokens: 1 })).toThrow(
      /^generate: the logit of token 0 after 1 tokens of sequence 0 is Infinity/,
    );
  });

  test('inside a hook of the same model', () => {
    const call = (): unknown =>
      model.runWithHooks([[1, 2]], [['hook_embed', () => void model.generate([1], { tokens: 1 })]]);
    expect(call).toThrow(/^generate: this model is in the middle of runWithHooks/);
  });
});
