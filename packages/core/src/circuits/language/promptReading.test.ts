// One text, read closely: on the hand-built induction model, where every number is known, and on random models for sums.
import { describe, expect, test } from 'vitest';
import { FAMILY_OPTIONS, randomModel, randomTokens } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { directLogits } from '../causal/directLogits.ts';
import { PromptSet } from '../data/promptSet.ts';
import { mean } from '../statistics/estimate.ts';
import { copiesThatCount, copyQueries } from './copies.ts';
import { headsOff, randomHeads } from './headsOff.ts';
import { likeliest, readPrompt } from './promptReading.ts';

const V = 13;
const model = handBuiltInduction(referenceEngine, { dVocab: V, nCtx: 20 });
//               0  1  2  3  4  5  6  7  8
const repeated = [2, 5, 7, 3, 9, 5, 7, 3, 9];
const INDUCTION = { layer: 1, head: 0 };

describe('copies', () => {
  test('are queries whose token came before, with what followed it', () => {
    expect(copyQueries([4, 8, 1, 4, 8, 6, 4])).toEqual([
      { query: 3, after: [1], copied: 8, comesAgain: true },
      { query: 4, after: [2], copied: 1, comesAgain: false },
      { query: 6, after: [1, 4], copied: 8, comesAgain: null },
    ]);
    expect(copiesThatCount(copyQueries([4, 8, 1, 4, 8, 6, 4])).map(({ query }) => query)).toEqual([3, 6]);
    expect(copyQueries([4, 8, 1])).toEqual([]);
    // A start token is no copy of anything, and nothing is one of it.
    expect(copyQueries([1, 4, 1, 4], 1).map(({ query }) => query)).toEqual([3]);
  });
});

describe('the hand-built model reads a text with a repeat', () => {
  const { positions, copies, heads, attribution, without } = readPrompt(model, repeated, {
    heads: [INDUCTION],
    top: 1,
  });

  test('each token’s loss and the likeliest next ones are the run’s', () => {
    const { lossPerPosition, logits } = model.run([repeated]);
    expect(positions.map(({ loss }) => loss)).toEqual([null, ...lossPerPosition]);
    expect(positions[5]!.next[0]!.token).toBe(7);
    const row = logits.subarray(5 * V, 6 * V);
    const sum = row.reduce((a, b) => a + Math.exp(b), 0);
    expect(positions[5]!.next[0]!.probability).toBeCloseTo(Math.exp(row[7]!) / sum, 12);
  });

  test('the induction head looks at what followed the earlier copy', () => {
    expect(copies.map(({ query }) => query)).toEqual([5, 6, 7, 8]);
    expect(heads[0]!.looks.map(({ query, key }) => [query, key])).toEqual([
      [5, 2],
      [6, 3],
      [7, 4],
      [8, 5],
    ]);
    for (const { weight, afterCopies } of heads[0]!.looks) {
      expect(weight).toBeGreaterThan(0.99);
      expect(afterCopies).toBeCloseTo(weight, 10);
    }
  });

  test('all of the prediction is its, and without it every token is as likely; without a random head nothing changes', () => {
    const at = attribution.parts.findIndex(({ part }) => part === 'L1H0');
    for (const { written, total } of attribution.logits) {
      expect(written[at]).toBeCloseTo(total, 6);
      expect(total).toBeCloseTo(20 * (1 - 1 / V), 3);
    }
    expect(attribution.logits.map(({ query, token }) => [query, token])).toEqual([
      [5, 7],
      [6, 3],
      [7, 9],
      [8, 5],
    ]);
    expect(without!.clean.value).toBeLessThan(1e-3);
    expect(without!.without.value).toBeCloseTo(Math.log(V), 6);
    expect(without!.random).toHaveLength(10);
    for (const draw of without!.random) {
      expect(draw.heads).toEqual(['L1H1']);
      expect(draw.without).toBeCloseTo(without!.clean.value, 9);
    }
    expect(positions[6]!.lossWithout).toBeCloseTo(Math.log(V), 6);
  });
});

test('a text without a repeat has no copies and nothing to lose; its last prediction is split', () => {
  const { copies, without, attribution, heads } = readPrompt(model, [2, 5, 7, 3], { heads: [INDUCTION] });
  expect([copies, without, heads[0]!.looks]).toEqual([[], null, []]);
  expect(attribution.logits.map(({ query }) => query)).toEqual([3]);
});

test('options and tokens that cannot be meant are refused', () => {
  expect(() => readPrompt(model, [99, 1], { heads: [] })).toThrow(/99/);
  expect(() => readPrompt(model, repeated, { heads: [INDUCTION], tpo: 2 } as never)).toThrow(/unknown field "tpo"/);
  expect(() => readPrompt(model, repeated, { heads: [{ layer: 5, head: 0 }] })).toThrow(/no head L5H0/);
});

test('the likeliest tokens come in order, and their probabilities are the softmax’s', () => {
  const found = likeliest([0, Math.log(4), Math.log(2), Math.log(3)], 3);
  expect(found.map(({ token }) => token)).toEqual([1, 3, 2]);
  found.forEach(({ probability }, i) => void expect(probability).toBeCloseTo([0.4, 0.3, 0.2][i]!, 12));
  expect(likeliest([1, 1], 5).map(({ token }) => token)).toEqual([0, 1]);
});

describe('what is written adds up to the logit above the mean over the vocabulary', () => {
  const SIZES = { nLayers: 2, nHeads: 3, dModel: 13, dHead: 4, nCtx: 11, dVocab: 17 };
  test.for(FAMILY_OPTIONS)('$label', ({ options }) => {
    const random = randomModel(referenceEngine, { ...SIZES, ...options });
    const [tokens] = randomTokens({ sequences: 1, length: 9 }, SIZES.dVocab) as [number[]];
    const asked = [
      { query: 3, token: 5 },
      { query: 8, token: 0 },
    ];
    const { logits } = random.run([tokens]);
    for (const { query, token, written, total } of directLogits(random, tokens, asked).logits) {
      const row = logits.subarray(query * SIZES.dVocab, (query + 1) * SIZES.dVocab);
      expect(total).toBeCloseTo(row[token]! - mean(row), 10);
      expect(written.reduce((a, b) => a + b, 0)).toBeCloseTo(total, 12);
    }
  });
});

describe('random heads beside others', () => {
  const config = { ...model.config, nLayers: 3, nHeads: 4 };
  test('are as many of each layer, others, and different sets', () => {
    const given = [
      { layer: 0, head: 1 },
      { layer: 2, head: 0 },
      { layer: 2, head: 3 },
    ];
    const draws = randomHeads(config, given, 7);
    expect(draws).toHaveLength(10);
    for (const draw of draws) {
      expect(draw.map(({ layer }) => layer).sort()).toEqual([0, 2, 2]);
      for (const head of draw) expect(given).not.toContainEqual(head);
      expect(new Set(draw.map((head) => JSON.stringify(head))).size).toBe(3);
    }
    expect(new Set(draws.map((draw) => JSON.stringify(draw))).size).toBeGreaterThan(2);
  });

  test('come from other layers where their own has too few, and none where there are no others', () => {
    const most = [0, 1, 2].map((head) => ({ layer: 1, head }));
    for (const draw of randomHeads(config, most, 1)) {
      expect(draw.filter(({ layer }) => layer === 1)).toEqual([{ layer: 1, head: 3 }]);
      expect(draw).toHaveLength(3);
    }
    const everything = Array.from({ length: 12 }, (_, i) => ({ layer: Math.floor(i / 4), head: i % 4 }));
    expect(randomHeads(config, everything, 1)).toEqual([]);
    const set = new PromptSet(model, { prompts: [{ tokens: repeated }] });
    const both = [0, 1].flatMap((layer) => [0, 1].map((head) => ({ layer, head })));
    expect(headsOff(set, { heads: both })).toMatchObject({ random: [] });
  });
});
