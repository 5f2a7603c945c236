import { expect, test } from 'vitest';
import { finalLosses } from './finalLosses.ts';

const step = (repeat: number | null, first: number | null = 4): Parameters<typeof finalLosses>[0][number] => ({
  segments: { first, boundary: null, repeat },
});

test('the loss that a run ended with is the mean of its last 20 steps, of fewer where it had fewer', () => {
  const steps = Array.from({ length: 50 }, (_, i) => step(i));
  expect(finalLosses(steps)).toEqual({ first: 4, boundary: null, repeat: 39.5 });
  expect(finalLosses(steps.slice(0, 3)).repeat).toBe(1);
  expect(finalLosses([])).toEqual({});
});

test('steps without a part do not count for it', () => {
  expect(finalLosses([step(1), step(null), step(3)]).repeat).toBe(2);
});
