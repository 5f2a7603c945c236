import { expect, test } from 'vitest';
import { finalLosses } from './finalLosses.ts';

const step = (lossRepeat: number | null, lossFirst: number | null = 4): Parameters<typeof finalLosses>[0][number] => ({
  lossFirst,
  lossBoundary: null,
  lossRepeat,
});

test('the loss that a run ended with is the mean of its last 20 steps, of fewer where it had fewer', () => {
  const steps = Array.from({ length: 50 }, (_, i) => step(i));
  expect(finalLosses(steps)).toEqual({ lossFirst: 4, lossBoundary: null, lossRepeat: 39.5 });
  expect(finalLosses(steps.slice(0, 3)).lossRepeat).toBe(1);
  expect(finalLosses([])).toEqual({ lossFirst: null, lossBoundary: null, lossRepeat: null });
});

test('steps without a part do not count for it', () => {
  expect(finalLosses([step(1), step(null), step(3)]).lossRepeat).toBe(2);
});
