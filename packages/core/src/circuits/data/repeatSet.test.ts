import { describe, expect, test } from 'vitest';
import { randomModel } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import type { MeanAblate } from '../../model/interventions/places.ts';
import { effectPeriods, periodsToMeasure } from '../causal/effectPeriods.ts';
import { mean } from '../statistics/estimate.ts';
import { repeatedProbe } from './probes.ts';
import { RepeatSet } from './repeatSet.ts';

const SIZES = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 23, dVocab: 13 };
const model = randomModel(referenceEngine, SIZES);

describe('sequences that no choice was made on', () => {
  test('are repeats like the others, of the same periods, and none of them is one of the others', () => {
    for (const period of [3, 7, 11]) {
      const probe = { config: model.config, count: 5, seed: 4 };
      const [chosenOn, heldOut] = [false, true].map((held) => repeatedProbe({ ...probe, heldOut: held }, period));
      expect(repeatedProbe(probe, period)).toEqual(chosenOn);
      for (const tokens of heldOut!) {
        expect(tokens).toHaveLength(2 * period);
        expect(tokens.slice(period)).toEqual(tokens.slice(0, period));
        expect(new Set(tokens).size).toBe(period); // distinct where the vocabulary allows
        expect(chosenOn).not.toContainEqual(tokens);
      }
      expect(repeatedProbe({ ...probe, heldOut: true }, period)).toEqual(heldOut);
    }
  });

  test('make a set of their own, with as many of each period', () => {
    const options = { sequences: 6, seed: 4, periods: [7, 11] };
    const [set, heldOut] = [new RepeatSet(model, options), new RepeatSet(model, { ...options, heldOut: true })];
    expect(heldOut.sequences).toBe(set.sequences);
    const all = set.batches().flatMap(({ tokens }) => tokens);
    for (const tokens of heldOut.batches().flatMap((batch) => batch.tokens)) expect(all).not.toContainEqual(tokens);
  });
});

describe('a set of repeats', () => {
  const set = new RepeatSet(model, { sequences: 5, seed: 1, periods: [4, 9] });

  test('has at least as many sequences as asked for, a whole number of each period, each with its clean loss', () => {
    expect(set.sequences).toBe(6);
    expect(set.batches().map(({ period, tokens, queries }) => [period, tokens.length, queries])).toEqual([
      [4, 3, [4, 7]],
      [9, 3, [9, 17]],
    ]);
    const byHand = set.batches().flatMap(({ tokens, queries: [from, to] }) => {
      const { lossPerPosition, length } = model.run(tokens);
      return tokens.map((_, s) => mean(lossPerPosition.slice(s * (length - 1) + from, s * (length - 1) + to)));
    });
    expect(set.clean).toHaveLength(6);
    set.clean.forEach((loss, s) => void expect(loss).toBeCloseTo(byHand[s]!, 12));
  });

  test('ablates by the mean over its own sequences and positions, every period weighing the same', () => {
    const intervention = set.meanAblate({ layer: 1, head: 2 });
    const means = set.batches().map(({ tokens }) => {
      const { data } = model.runWithCache(tokens).cache.get('blocks.1.attn.hook_z');
      const rows = data.length / (SIZES.nHeads * SIZES.dHead);
      return Array.from({ length: SIZES.dHead }, (_, i) =>
        mean(Array.from({ length: rows }, (_, row) => data[(row * SIZES.nHeads + 2) * SIZES.dHead + i]!)),
      );
    });
    expect(intervention).toMatchObject({ kind: 'meanAblate', hook: 'blocks.1.attn.hook_z', head: 2 });
    (intervention as MeanAblate).mean!.forEach((x, i) => {
      expect(x).toBeCloseTo((means[0]![i]! + means[1]![i]!) / 2, 12);
    });
  });
});

test('periods to measure at are the solved ones, and all when none is, at most six evenly spread', () => {
  const sizes = { dVocab: 11, nCtx: 18 };
  expect(
    periodsToMeasure(handBuiltPositionalCopier(referenceEngine, { ...sizes, period: 5 }), { seed: 0, count: 2 }),
  ).toEqual([5]);
  expect(periodsToMeasure(handBuiltInduction(referenceEngine, sizes), { seed: 0, count: 2 })).toEqual([
    3, 4, 5, 7, 8, 9,
  ]);
  expect(effectPeriods([], [3, 4, 5])).toEqual([3, 4, 5]);
  expect(effectPeriods([4], [3, 4, 5])).toEqual([4]);
});
