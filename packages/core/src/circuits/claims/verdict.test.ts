import { describe, expect, test } from 'vitest';
import type { HeadScores } from '../attention/headScoresRecord.ts';
import { keptStripe } from './headEvidence.ts';
import { type PeriodLoss, solvedPeriods } from './solvedPeriods.ts';
import { type Grounds, judge } from './verdict.ts';

const THRESHOLD = 2;
const lossesOf = (solved: readonly number[], loss = 0.1): PeriodLoss[] =>
  Array.from({ length: 18 }, (_, i) => 8 + i).map((period) => ({
    period,
    lossRepeat: solved.includes(period) ? loss + period / 1e6 : 9,
  }));
const grounds = (solved: readonly number[], rest: Partial<Grounds> = {}): Grounds => ({
  ...solvedPeriods(lossesOf(solved), THRESHOLD),
  layers: 2,
  largestExcess: 0,
  largestKeptStripe: 0,
  excessLeftWithoutK: null,
  ...rest,
});
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('independent periods are no divisor, no multiple and no close neighbour of the best one', () => {
  const losses = lossesOf([8, 10, 12, 13, 24, 25]).map((p) => (p.period === 24 ? { ...p, lossRepeat: 0.01 } : p));
  expect(solvedPeriods(losses, THRESHOLD)).toMatchObject({ best: 24, independent: [10, 13] });
});

describe('the verdict', () => {
  test('induction: many periods, attention that follows, and keys that earlier layers built', () => {
    expect(judge(grounds(range(8, 25), { largestExcess: 0.9, excessLeftWithoutK: 0.02 })).verdict).toBe('induction');
  });
  test('positional shortcut: one period, and a stripe that stays without a repeat', () => {
    expect(judge(grounds([25], { largestKeptStripe: 0.9 })).verdict).toBe('positional shortcut');
    expect(judge(grounds([23, 24, 25], { largestKeptStripe: 0.5 })).verdict).toBe('positional shortcut');
  });
  test('mixed: a head of each kind, or a few unrelated periods', () => {
    expect(
      judge(grounds(range(8, 25), { largestExcess: 0.9, largestKeptStripe: 0.6, excessLeftWithoutK: 0.02 })).verdict,
    ).toBe('mixed');
    expect(judge(grounds([10, 17, 25], { largestExcess: 0.5, excessLeftWithoutK: 0.02 })).verdict).toBe('mixed');
  });
  test('other circuit: many periods without a head that follows, or with one that needs no keys from earlier layers', () => {
    expect(judge(grounds(range(8, 25), { largestExcess: 0.1 })).verdict).toBe('other circuit');
    expect(judge(grounds(range(8, 25), { largestExcess: 0.9, excessLeftWithoutK: 0.97 })).verdict).toBe(
      'other circuit',
    );
  });
  test('not learned: no period at all', () => {
    expect(judge(grounds([])).verdict).toBe('not learned');
  });
});

test('a deciding number near its threshold makes a close call, a distant one does not', () => {
  const close = (g: Grounds): boolean => judge(g).margins.some((m) => m.close);
  expect(close(grounds(range(8, 25), { largestExcess: 0.32, excessLeftWithoutK: 0.02 }))).toBe(true);
  expect(close(grounds(range(8, 25), { largestExcess: 0.9, excessLeftWithoutK: 0.02 }))).toBe(false);
  const nearlySolved = solvedPeriods(
    lossesOf([]).map((p) => (p.period === 9 ? { ...p, lossRepeat: 2.1 } : p)),
    THRESHOLD,
  );
  expect(close({ ...grounds([]), ...nearlySolved })).toBe(true);
});

test('a stripe is one offset or a few blurred ones, not broad attention, and never the previous token', () => {
  const head = (offsets: Record<number, number>): HeadScores =>
    ({ offsetsAboveChance: Array.from({ length: 26 }, (_, d) => offsets[d] ?? 0) }) as unknown as HeadScores;
  expect(keptStripe(head({ 24: 0.9 }), 25)).toBeCloseTo(0.9, 12);
  expect(keptStripe(head({ 22: 0.3, 23: 0.3, 24: 0.3 }), 25)).toBeCloseTo(0.9, 12);
  expect(keptStripe(head({ 5: 0.1, 6: 0.1, 7: 0.1, 8: 0.1, 9: 0.1 }), 8)).toBeCloseTo(0.1, 12);
  expect(keptStripe(head({ 1: 0.9 }), 3)).toBe(0);
});
