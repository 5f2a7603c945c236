import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../random/randomStream.ts';
import { STREAMS } from '../random/streams.ts';
import { type BlockPlace, fillTokens, queryRanges } from './blocks.ts';
import { makeBatch } from './makeBatch.ts';
import type { RandomTask } from './random.ts';
import type { RepeatedTask } from './repeated.ts';
import { taskSource } from './source.ts';
import { periodsOf } from './tasks.ts';
import type { VariedTask } from './varied.ts';

const repeated: RepeatedTask = { kind: 'repeated', period: 7, distinct: false, maxPrefix: 0 };
const varied: VariedTask = {
  kind: 'varied',
  periods: [5, 11],
  share: 1,
  heldOutPeriods: [8],
  distinct: false,
  maxPrefix: 4,
};
const random: RandomTask = { kind: 'random', distinct: true, maxPrefix: 0 };
type BlockTask = RepeatedTask | VariedTask | RandomTask;
const batch = (task: BlockTask, options: object = {}): ReturnType<typeof makeBatch<BlockTask>> =>
  makeBatch({ task, seed: 3, step: 17, batch: 13, dVocab: 31, length: 29, ...options });

describe('a batch', () => {
  test('depends on the seed and the step alone: drawn again, or one sequence at a time, it is the same', () => {
    const { tokens } = batch(varied);
    expect(batch(varied).tokens).toEqual(tokens);
    expect(batch(varied, { batch: 5 }).tokens).toEqual(tokens.slice(0, 5));
    expect(batch(varied, { step: 18 }).tokens).not.toEqual(tokens);
    expect(batch(varied, { seed: 4 }).tokens).not.toEqual(tokens);
  });

  test('repeats every block to the end of the context, after its prefix', () => {
    for (const task of [repeated, varied]) {
      const { tokens, places } = batch(task);
      places.forEach(({ start, period }, s) => {
        for (let t = start + period; t < 29; t++) expect(tokens[s]![t]).toBe(tokens[s]![t - period]);
      });
    }
  });

  test('draws every period of the range about equally often, and none that is held out', () => {
    const { places } = batch(varied, { batch: 3000 });
    const counts = new Map<number, number>();
    for (const { period } of places) counts.set(period, (counts.get(period) ?? 0) + 1);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([5, 6, 7, 9, 10, 11]);
    expect(periodsOf(varied)).toEqual([5, 6, 7, 9, 10, 11]);
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(100); // 5 standard deviations
    expect(new Set(places.map(({ start }) => start))).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  test('uses every token about equally often', () => {
    const { tokens } = batch(repeated, { batch: 2000 });
    const counts = new Float64Array(31);
    for (const sequence of tokens) for (const t of sequence.subarray(0, 7)) counts[t]! += 31 / 14000;
    for (const count of counts) expect(Math.abs(count - 1)).toBeLessThan(0.25);
  });

  test('without a repeat has no period, and distinct tokens differ within a block or a whole sequence', () => {
    const { tokens, places } = batch(random);
    expect(places.every(({ period }) => period === 0)).toBe(true);
    for (const sequence of tokens) expect(new Set(sequence).size).toBe(29);
    for (const sequence of batch({ ...repeated, distinct: true }).tokens) expect(new Set(sequence).size).toBe(7);
  });
});

describe('a share of varied sequences', () => {
  const task: VariedTask = {
    kind: 'varied',
    periods: [5, 11],
    share: 0.25,
    heldOutPeriods: [8],
    distinct: false,
    maxPrefix: 0,
  };
  const COUNT = 4000;
  /** Five standard deviations of a binomial count. */
  const bound = (p: number): number => 5 * Math.sqrt(COUNT * p * (1 - p));

  test('draws that share of the periods from the range, the longest among them, and gives the others the longest', () => {
    const { places } = batch(task, { batch: COUNT });
    const periods = periodsOf(task);
    for (const period of periods) {
      const expected = 0.25 / periods.length + (period === 11 ? 0.75 : 0);
      const count = places.filter((place) => place.period === period).length;
      expect(Math.abs(count - COUNT * expected), `period ${period}: ${count}`).toBeLessThan(bound(expected));
    }
    expect(places.some(({ period }) => !periods.includes(period))).toBe(false);
  });

  test('that is tiny still draws a few, and of 1 draws all', () => {
    const other = (share: number): number =>
      batch({ ...task, share }, { batch: COUNT }).places.filter(({ period }) => period !== 11).length;
    const expected = (share: number): number => (share * 5) / 6;
    for (const share of [0.01, 1])
      expect(Math.abs(other(share) - COUNT * expected(share))).toBeLessThan(bound(expected(share)));
    expect(other(0.01)).toBeGreaterThan(0);
  });

  test('of 1 draws what was drawn before there were shares: period, prefix, then tokens', () => {
    const periods = periodsOf(varied);
    const { tokens, places } = batch(varied);
    const stream = new RandomStream(3, STREAMS.batches, 17);
    tokens.forEach((sequence, s) => {
      const drawn = stream.child(s);
      const period = periods[drawn.below(periods.length)]!;
      const start = drawn.below(5);
      const byHand = new Int32Array(29);
      for (let t = 0; t < start + period; t++) byHand[t] = drawn.below(31);
      for (let t = start + period; t < 29; t++) byHand[t] = byHand[t - period]!;
      expect(places[s]).toEqual({ start, period });
      expect(sequence).toEqual(byHand);
    });
  });
});

test('distinct tokens are drawn evenly: every token comes first equally often', () => {
  const counts = new Float64Array(5);
  for (let i = 0; i < 4000; i++) {
    const tokens = new Int32Array(5);
    fillTokens(tokens, { start: 0, period: 0 }, { dVocab: 5, distinct: true }, new RandomStream(1, i));
    counts[tokens[0]!]! += 5 / 4000;
  }
  for (const count of counts) expect(Math.abs(count - 1)).toBeLessThan(0.15);
});

describe('targets', () => {
  const fill = (task: BlockTask, lossOn: 'all' | 'predictable') => {
    const source = taskSource({ task, seed: 1, dVocab: 31, length: 29, batch: 6, lossOn });
    return Array.from({ length: 6 }, (_, s) => {
      const [tokens, targets] = [new Int32Array(29), new Int32Array(29)];
      const place = source.fill(2, s, tokens, targets).place as BlockPlace;
      return { place, tokens, targets, counted: source.counted(2) };
    });
  };

  test('are the next tokens, and the last position has none', () => {
    for (const { tokens, targets, counted } of fill(varied, 'all')) {
      expect([...targets]).toEqual([...tokens.subarray(1), -1]);
      expect(counted).toBe(6 * 28);
    }
  });

  test('on predictable positions alone start with the second block; the others are measured, not trained on', () => {
    const filled = fill(varied, 'predictable');
    for (const { place, tokens, targets } of filled)
      for (let q = 0; q < 28; q++)
        expect(targets[q]).toBe(q < place.start + place.period ? -2 - tokens[q + 1]! : tokens[q + 1]);
    const trained = filled.reduce((sum, { targets }) => sum + targets.filter((t) => t >= 0).length, 0);
    expect(filled[0]!.counted).toBe(trained);
  });
});

test('the parts of a sequence are those of the reference: in the 25 + 25 task 0 … 23, 24 and 25 … 48', () => {
  expect(queryRanges({ start: 0, period: 25 }, 50)).toEqual({ first: [0, 24], boundary: 24, repeat: [25, 49] });
});

test('the parts of a sequence never overlap and cover every query from the start of the block on', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 2, max: 20 }),
      fc.integer({ min: 4, max: 40 }),
      (start, period, length) => {
        fc.pre(start + period + 1 < length);
        const { first, boundary, repeat } = queryRanges({ start, period }, length);
        const queries = [...range(...first), boundary, ...range(...repeat)];
        expect(queries).toEqual(range(start, length - 1));
      },
    ),
  );
});

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
