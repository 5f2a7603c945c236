import { describe, expect, test } from 'vitest';
import type { AttentionWeight } from '../data/patternRuns.ts';
import { contentScore } from './contentScore.ts';
import { currentTokenScore, firstTokenScore, previousTokenScore } from './fixedKeyScores.ts';
import { inductionStripe } from './inductionStripe.ts';
import { type Line, uniformAlong, uniformAttention } from './line.ts';

const at =
  (key: (query: number) => number): AttentionWeight =>
  (q, k) =>
    k === key(q) ? 1 : 0;
const LAST = 49; // queries with a target in a context of 50: 0 … 48
const back = (d: number): Line => ({ from: d, to: LAST, key: (q) => q - d });

test('uniform attention scores the sums of 1 / (q + 1) that its queries give: 0.0725, 0.0276 and offsets 0.063, 0.040, 0.028', () => {
  expect(previousTokenScore(uniformAttention, LAST)).toBeCloseTo(0.0725, 4);
  expect(inductionStripe(uniformAttention, { start: 0, period: 25, length: 50 })).toBeCloseTo(0.0276, 4);
  expect(uniformAlong(back(2))).toBeCloseTo(0.063, 3);
  expect(uniformAlong(back(10))).toBeCloseTo(0.04, 3);
  expect(uniformAlong(back(24))).toBeCloseTo(0.028, 3);
});

describe('each score is 1 for the head it is named after and 0 for its neighbours', () => {
  const previous = at((q) => q - 1);
  const current = at((q) => q);
  const first = at(() => 0);
  const induction = at((q) => q - 24);
  const duplicate = at((q) => q - 25);
  const place = { start: 0, period: 25, length: 50 };
  const tokens = Array.from({ length: 50 }, (_, t) => t % 25);
  test('previous token', () => {
    expect([previous, current, induction].map((w) => previousTokenScore(w, LAST))).toEqual([1, 0, 0]);
  });
  test('current and first token', () => {
    expect([previous, current].map((w) => currentTokenScore(w, LAST))).toEqual([0, 1]);
    expect([first, current].map((w) => firstTokenScore(w, LAST))).toEqual([1, 0]);
  });
  test('the induction stripe is at q − P + 1, not at q − P', () => {
    expect([induction, duplicate, previous].map((w) => inductionStripe(w, place))).toEqual([1, 0, 0]);
  });
  test('by content: the successor of a copy for induction, the copy itself for duplicate tokens', () => {
    expect([induction, duplicate].map((w) => contentScore(w, tokens, 1))).toEqual([1, 0]);
    expect([induction, duplicate].map((w) => contentScore(w, tokens, 0))).toEqual([0, 1]);
  });
});

test('by content, several copies add up and only queries with a copy count', () => {
  const tokens = [3, 5, 3, 5, 3, 9];
  // Queries 2, 3, 4 have copies: 2 → key 1; 3 → key 2; 4 → keys 1 and 3. Query 5 is the last and has no target.
  const attention: AttentionWeight = (q, k) => ((q === 4 && (k === 1 || k === 3)) || (q === 2 && k === 1) ? 0.5 : 0);
  expect(contentScore(attention, tokens, 1)).toBeCloseTo((0.5 + 0 + 1) / 3, 12);
  expect(contentScore(uniformAttention, [1, 2, 3, 4], 1)).toBeNaN();
});
