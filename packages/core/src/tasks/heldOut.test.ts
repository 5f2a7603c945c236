// What a task never draws: periods, starts and tokens; and what is refused.
import { describe, expect, test } from 'vitest';
import { makeBatch } from './makeBatch.ts';
import { taskComplaint } from './tasks.ts';
import type { VariedTask } from './varied.ts';

const plain: VariedTask = {
  kind: 'varied',
  periods: [4, 9],
  heldOutPeriods: [],
  share: 1,
  distinct: true,
  maxPrefix: 5,
};
const heldOut: VariedTask = { ...plain, heldOutPeriods: [6, 8], heldOutStarts: [0, 3], heldOutTokens: [2, 5, 11] };
const batch = (task: VariedTask) => makeBatch({ task, seed: 2, step: 4, batch: 1500, dVocab: 13, length: 17 });

describe('what is held out', () => {
  test('is never drawn, and everything else is', () => {
    const { tokens, places } = batch(heldOut);
    const seen = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);
    expect(seen(places.map(({ period }) => period))).toEqual([4, 5, 7, 9]);
    expect(seen(places.map(({ start }) => start))).toEqual([1, 2, 4, 5]);
    expect(seen(tokens.flatMap((sequence) => [...sequence]))).toEqual([0, 1, 3, 4, 6, 7, 8, 9, 10, 12]);
  });

  test('of nothing changes no draw', () => {
    expect(batch({ ...plain, heldOutStarts: [], heldOutTokens: [] })).toEqual(batch(plain));
  });
});

test.each<[Partial<VariedTask>, RegExp]>([
  [
    { heldOutPeriods: [3] },
    /^task\.heldOutPeriods names 3, outside of task\.periods \(4 to 9\); hold out periods of that range, or none\.$/,
  ],
  [
    { heldOutStarts: [6] },
    /^task\.heldOutStarts names 6, outside of task\.maxPrefix \(0 to 5\); hold out starts of that range, or none\.$/,
  ],
  [
    { heldOutStarts: [0, 1, 2, 3, 4, 5] },
    /^task\.heldOutStarts leaves no start of task\.maxPrefix to train on; hold fewer out\.$/,
  ],
  [{ heldOutTokens: [1, 1] }, /^task\.heldOutTokens names 1 twice; leave one of them out\.$/],
  [{ heldOutStarts: [0], maxPrefix: 0 }, /^task\.heldOutStarts has no effect, since task\.maxPrefix is 0/],
  [
    { heldOutTokens: [0, 1, 2, 3, 4] },
    /^task\.distinct needs 9 different tokens; model\.dVocab is 13 and 5 of them are held out\./,
  ],
])('%j is refused', (change, sentence) => {
  expect(taskComplaint({ ...plain, ...change }, { dVocab: 13, length: 17 })).toMatch(sentence);
});
