// What a cache gives, by name, by part and as patterns, compared with the whole activation index by index.
import { describe, expect, expectTypeOf, test } from 'vitest';
import { WASM_ENGINES } from '../../test/support/kit.ts';
import { randomModel, randomTokens } from '../../test/support/models.ts';
import { referenceEngine } from '../engine/engine.ts';
import { handBuiltInduction } from '../examples/handBuiltInduction.ts';
import type { ActivationCache } from './activationCache.ts';
import { declaredHookPoints } from './hookPoints.ts';

/** Every axis a different size. */
const OPTIONS = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 17, dVocab: 13 };
const [S, T] = [2, 7];
const tokens = randomTokens({ sequences: S, length: T }, OPTIONS.dVocab);
const Z = 'blocks.1.attn.hook_z';
const PATTERN = 'blocks.1.attn.hook_pattern';

describe.for(Object.entries({ reference: referenceEngine, ...WASM_ENGINES }))('%s', ([, engine]) => {
  const model = randomModel(engine, OPTIONS);
  const { cache } = model.runWithCache(tokens, { names: '**' });

  test('every activation knows its axes, and each has a length', () => {
    for (const { name, axes } of declaredHookPoints(model.config)) {
      const activation = cache.get(name);
      expect(activation.axes, name).toEqual(axes);
      expect(activation.shape.length, name).toBe(axes.length);
    }
    expect(cache.get(Z).axes).toEqual(['batch', 'pos', 'head', 'dHead']);
  });

  test('towards another run lies on the straight line between them, and runs as it says', () => {
    const other = model.runWithCache(randomTokens({ sequences: S, length: T }, OPTIONS.dVocab, 2), {
      names: '**',
    }).cache;
    for (const name of [Z, 'blocks.0.attn.hook_attn_scores']) {
      const part = cache.towards(other, { name, share: 0.25 });
      expect(part.names).toEqual([name]);
      const [from, to] = [cache.get(name).data, other.get(name).data];
      part.get(name).data.forEach((x, i) => {
        if (Number.isFinite(from[i]!)) expect(x).toBeCloseTo(0.75 * from[i]! + 0.25 * to[i]!, 5);
        else expect(x).toBe(from[i]);
      });
    }
    const patch = [{ kind: 'patch', hook: Z } as const];
    const run = (clean: ActivationCache) => model.runWithInterventions(tokens, patch, { clean }).logits;
    expect(run(cache.towards(other, { name: Z, share: 0 }))).toEqual(run(cache));
    const short = model.runWithCache(randomTokens({ sequences: S, length: 3 }, OPTIONS.dVocab), { names: '**' }).cache;
    expect(() => cache.towards(short, { name: Z, share: 0.5 })).toThrow(
      `ActivationCache.towards: "${Z}" has shape [2,7,3,5] here and [2,3,3,5] in the other run; run as many prompts of equal length.`,
    );
  });

  test('a part has the axes that are left, and the same numbers', () => {
    const whole = cache.get(Z);
    const one = cache.at(Z, { sequence: 1, position: 4, head: 2 });
    expect([one.axes, one.shape, one.name]).toEqual([['dHead'], [5], Z]);
    expect([...one.data]).toEqual([...whole.row(1, 4, 2)]);
    const head = cache.at(Z, { head: 1 });
    expect([head.axes, head.shape]).toEqual([
      ['batch', 'pos', 'dHead'],
      [S, T, 5],
    ]);
    for (let s = 0; s < S; s++)
      for (let t = 0; t < T; t++) expect([...head.row(s, t)]).toEqual([...whole.row(s, t, 1)]);
    const position = cache.at(PATTERN, { position: 5 });
    expect([position.axes, position.shape]).toEqual([
      ['batch', 'head', 'keyPos'],
      [S, 3, T],
    ]);
    expect([...position.row(1, 2)]).toEqual([...cache.get(PATTERN).row(1, 2, 5)]);
    expect(cache.at(Z)).toEqual(whole);
  });

  test('a part is a copy of its own', () => {
    const part = cache.at(Z, { sequence: 0 });
    part.data.fill(7);
    expect(cache.at(Z, { sequence: 0 }).data).not.toEqual(part.data);
  });

  test('patterns by layer and head, read by query and key', () => {
    const [all, one] = [cache.pattern(1), cache.pattern(1, 2)];
    expect(all.shape).toEqual([S, 3, T, T]);
    expect(one.shape).toEqual([S, T, T]);
    expect(one.axes).toEqual(['batch', 'queryPos', 'keyPos']);
    for (let s = 0; s < S; s++)
      for (let q = 0; q < T; q++) {
        expect([...one.row(s, q)]).toEqual([...all.row(s, 2, q)]);
        expect(one.row(s, q).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
        expect(one.at(s, 0, q)).toBe(q === 0 ? 1 : 0);
      }
    expectTypeOf(all.toNested()).toEqualTypeOf<number[][][][]>();
    expectTypeOf(one.toNested()).toEqualTypeOf<number[][][]>();
  });

  test('gradients of activations are read the same way', () => {
    const { activationGradients } = model.runWithGradients(tokens, { names: [PATTERN, Z] });
    expect(activationGradients.get(Z).axes).toEqual(['batch', 'pos', 'head', 'dHead']);
    expect(activationGradients.pattern(1, 0).at(1, 2, 5)).toBe(0); // a future key
  });
});

test('the induction head of the hand-built model attends to the token after the earlier copy', () => {
  const model = handBuiltInduction(referenceEngine, { dVocab: 11, nCtx: 14 });
  const { cache } = model.runWithCache([[3, 1, 4, 5, 9, 3, 1, 4, 5, 9]]);
  const induction = cache.pattern(1, 0).toNested()[0]!;
  for (let query = 5; query < 9; query++) expect(induction[query]![query - 4]).toBeCloseTo(1, 5);
  expect(cache.pattern(0, 0).at(0, 7, 6)).toBeCloseTo(1, 5);
});

describe('what there is none of is refused with what there is', () => {
  const { cache } = randomModel(referenceEngine, OPTIONS).runWithCache(tokens, {
    names: ['hook_embed', Z, PATTERN],
  });
  const at =
    (part: object, name = Z) =>
    () =>
      cache.at(name, part as never);
  test.each<[() => unknown, string]>([
    [at({ head: 3 }), `ActivationCache.at: the head of ${Z} goes from 0 to 2, got 3.`],
    [at({ position: 7 }), `ActivationCache.at: the position of ${Z} goes from 0 to 6, got 7.`],
    [at({ sequence: -1 }), `ActivationCache.at: the sequence of ${Z} goes from 0 to 1, got -1.`],
    [
      at({ head: 0 }, 'hook_embed'),
      'ActivationCache.at: hook_embed has axes [batch, pos, dModel] and no head to choose; leave it out.',
    ],
    [at({ heads: 0 }), 'ActivationCache.at: part has an unknown field "heads"; the nearest known one is "head".'],
    [
      at({}, 'hook_z'),
      `ActivationCache: "hook_z" was not kept; this cache has ${['hook_embed', PATTERN, Z].join(', ')}.`,
    ],
    [
      () => cache.pattern(0),
      'ActivationCache.pattern: the patterns of layer 0 were not kept; this cache has that of layer 1; name blocks.L.attn.hook_pattern in the run.',
    ],
    [() => cache.pattern(1, 5), `ActivationCache.pattern: the head of ${PATTERN} goes from 0 to 2, got 5.`],
  ])('%#', (call, sentence) => {
    expect(call).toThrow(sentence);
  });
});
