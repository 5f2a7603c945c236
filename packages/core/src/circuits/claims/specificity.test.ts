// What a proof says of redundancy: other circuits that do as well, other sets that suffice, and what keys carry.
import { describe, expect, test } from 'vitest';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import type { WrittenHead } from '../../examples/writtenHead.ts';
import { writtenModel } from '../../examples/writtenModel.ts';
import type { Model } from '../../model/model.ts';
import { loadEngine } from '../../node.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { audit } from './audit.ts';
import { scrubKeys } from './keyScrubbing.ts';
import { minimalSets } from './minimalSets.ts';
import { prove } from './prove.ts';
import { specificityOf } from './specificity.ts';

const engine = await loadEngine({ exact: true });
const sizes = { dVocab: 24, nCtx: 22 };
const previous: WrittenHead = { look: { back: 1 }, copy: { from: 'token', to: 'previous' } };
const matching: WrittenHead = { look: { match: 'previous', except: [0] }, copy: { from: 'token', to: 'output' } };
const twoBuilders = (): Model =>
  writtenModel(engine, sizes, {
    copied: ['previous'],
    layers: [
      [previous, previous, null],
      [matching, null, null],
    ],
  });
const setOf = (model: Model): RepeatSet => new RepeatSet(model, { sequences: 8, seed: 0, periods: [7, 10] });

describe('specificity', () => {
  const share = (value: number) => ({ value, interval: [value, value] as const, n: 9 });
  const of = (kept: number, others: readonly number[], lost: number, otherLost: readonly number[]) =>
    specificityOf({ kept: share(kept), lost: share(lost) }, { kept: others, lost: otherLost });

  test('a circuit that random ones reach is not specific, and what is lost with any says nothing', () => {
    expect(of(0.99, [0.1, 0.2, 0, 0.1], 0.9, [0, 0.1, 0.9, 0])).toEqual({
      explains: true,
      keepsMore: true,
      losesMore: true,
    });
    expect(of(0.98, [0.91, 0.95, 0.99, 0.97], 0.96, [0.93, 0.96, 0.92, 0.95])).toEqual({
      explains: true,
      keepsMore: false,
      losesMore: false,
    });
  });

  test('a circuit that keeps 30 % does not explain the model; without random ones nothing is compared', () => {
    expect(of(0.3, [], 0.9, [])).toEqual({ explains: false, keepsMore: null, losesMore: null });
  });
});

describe('minimal sets', () => {
  test('one of the textbook circuit, and one for each of two heads that build the same keys', () => {
    const labels = (model: Model): string[] =>
      minimalSets(setOf(model)).map((set) => set.map(({ layer, head }) => `L${layer}H${head}`).join());
    expect(labels(handBuiltInduction(engine, sizes))).toEqual(['L0H0,L1H0']);
    expect(labels(twoBuilders()).sort()).toEqual(['L0H0,L1H0', 'L0H1,L1H0']);
  });

  test('are named in the proof, which calls the builder redundant', () => {
    const model = twoBuilders();
    const proof = prove(model, { sequences: 8, audit: audit(model, { sequences: 4, mostPeriods: 3 }) });
    expect(proof.minimalSets).toHaveLength(2);
    expect(proof.sentence).toMatch(/2 minimal sets keep 95 %: .*Redundant, since others can take over: L0H[01]\./);
    expect(proof.sentence).toMatch(/take over: L0H([01])\. The others: L0H(?!\1)[01]\./);
    // Both are resampled together: alone neither moves anything.
    expect(proof.keyScrubbing!.agreeing.value).toBeCloseTo(0, 5);
    expect(proof.keyScrubbing!.differing.value).toBeGreaterThan(2);
    expect(proof.sentence).toMatch(/so the keys carry the previous token\.$/);
  });

  test.for([
    [
      'four of one layer',
      [
        [previous, previous, previous, previous],
        [matching, null, null, null],
      ],
      4,
    ],
    [
      'two layers of three',
      [
        [previous, null],
        [previous, null],
        [matching, null],
      ],
      2,
    ],
  ] as const)('name every one of them: %s', ([, layers, count]) => {
    const model = writtenModel(engine, sizes, { copied: ['previous'], layers });
    const sets = minimalSets(setOf(model));
    expect(sets).toHaveLength(count);
    expect(sets.every((set) => set.length === 2)).toBe(true);
    expect(new Set(sets.flat().map(({ layer, head }) => `L${layer}H${head}`)).size).toBe(count + 1);
  });
});

describe('key scrubbing', () => {
  const heads = [{ layer: 0, head: 0 }];
  test('moves the loss of a textbook circuit only by another previous token', () => {
    const { agreeing, differing } = scrubKeys(setOf(handBuiltInduction(engine, sizes)), heads);
    expect(agreeing.value).toBeCloseTo(0, 5);
    expect(differing.value).toBeGreaterThan(2);
  });

  test('moves nothing through a head that keys do not depend on', () => {
    const { agreeing, differing } = scrubKeys(setOf(handBuiltInduction(engine, sizes)), [{ layer: 0, head: 1 }]);
    expect(agreeing.value).toBeCloseTo(0, 5);
    expect(differing.value).toBeCloseTo(0, 5);
  });

  test('moves the loss in both cases where keys carry more: the token two back', () => {
    const further: WrittenHead = { look: { back: 2 }, copy: { from: 'token', to: 'previous' } };
    const seen = writtenModel(engine, sizes, {
      copied: ['previous'],
      layers: [
        [further, null],
        [{ ...matching, look: { match: 'previous', except: [0, 1] } }, null],
      ],
    });
    const { agreeing } = scrubKeys(setOf(seen), heads);
    expect(Math.abs(agreeing.value)).toBeGreaterThan(0.5);
  });
});
