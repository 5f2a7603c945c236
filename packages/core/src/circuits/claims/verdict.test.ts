import { describe, expect, test } from 'vitest';
import { solvedPeriods } from './solvedPeriods.ts';
import { type Grounds, judge } from './verdict.ts';

/** Grounds of a textbook circuit. */
const grounds = (rest: Partial<Grounds> = {}): Grounds => ({
  layers: 2,
  byContent: 0.9,
  byPosition: 0,
  keptDistances: 0,
  largestExcess: 0.9,
  largestKeptStripe: 0,
  lostWithoutFollowers: 0.95,
  lostWithoutK: 0.95,
  excessLeftWithoutK: 0.02,
  lostWithoutPositional: null,
  ...rest,
});
const NOTHING_FOLLOWS = { largestExcess: 0.1, lostWithoutFollowers: null, excessLeftWithoutK: null } as const;

test('independent periods are no divisor, no multiple and no close neighbour of the best one', () => {
  const losses = Array.from({ length: 18 }, (_, i) => 8 + i).map((period) => ({
    period,
    lossRepeat: period === 24 ? 0.01 : [8, 10, 12, 13, 25].includes(period) ? 0.1 : 9,
  }));
  expect(solvedPeriods(losses, 2)).toMatchObject({ best: 24, independent: [10, 13] });
});

describe('the verdict', () => {
  test('induction: places solved by content, attention that follows, and keys that earlier layers built', () => {
    expect(judge(grounds()).verdict).toBe('induction');
    const one = grounds({ layers: 1, lostWithoutK: null, excessLeftWithoutK: null });
    expect(judge(one).verdict).toBe('induction');
  });
  test('positional shortcut: what is solved is solved where nothing repeats', () => {
    const line = grounds({ byContent: 0, byPosition: 0.01, largestKeptStripe: 0.9, ...NOTHING_FOLLOWS });
    expect(judge(line).verdict).toBe('positional shortcut');
  });
  test('mixed: each mechanism is needed somewhere; one that can be spared is no part of it', () => {
    const both = { byPosition: 0.1, largestKeptStripe: 0.8 };
    expect(judge(grounds({ ...both, lostWithoutPositional: 0.3 })).verdict).toBe('mixed');
    expect(judge(grounds({ ...both, lostWithoutPositional: 0.05 })).verdict).toBe('induction');
    expect(judge(grounds({ ...both, lostWithoutPositional: 0.3, lostWithoutK: 0.05 })).verdict).toBe('induction');
    // A single place among a hundred is no mechanism; a whole distance is one, however far back it lies.
    const few = { ...both, byPosition: 0.01, lostWithoutPositional: 0.3 };
    expect(judge(grounds(few)).verdict).toBe('induction');
    expect(judge(grounds({ ...few, keptDistances: 1 })).verdict).toBe('mixed');
  });
  test('other circuit: no head follows, it is not what carries, or its keys need no earlier layer', () => {
    expect(judge(grounds(NOTHING_FOLLOWS)).verdict).toBe('other circuit');
    expect(judge(grounds({ lostWithoutFollowers: 0.01 })).verdict).toBe('other circuit');
    expect(judge(grounds({ excessLeftWithoutK: 0.97 })).verdict).toBe('other circuit');
  });
  test('not learned: hardly a place', () => {
    expect(judge(grounds({ byContent: 0, ...NOTHING_FOLLOWS })).verdict).toBe('not learned');
    expect(judge(grounds({ byContent: 0.01, ...NOTHING_FOLLOWS })).verdict).toBe('not learned');
  });
});

test('a deciding number near its threshold makes a close call, a distant one does not', () => {
  const close = (g: Grounds): boolean => judge(g).margins.some((m) => m.close);
  expect(close(grounds({ largestExcess: 0.32 }))).toBe(true);
  expect(close(grounds({ byContent: 0.021 }))).toBe(true);
  expect(close(grounds())).toBe(false);
});
