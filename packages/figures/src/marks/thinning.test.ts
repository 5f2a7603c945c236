import { expect, test } from 'vitest';
import { thinCurve } from './thinning.ts';

test('a thinned curve keeps the mean and the range of each stretch, and the first point', () => {
  const points = Array.from({ length: 101 }, (_, x) => ({ x, y: x % 2 === 0 ? 1 : 3 }));
  const thinned = thinCurve(points, (x) => x, 10);
  expect(thinned.length).toBe(11);
  expect(thinned[0]).toEqual({ x: 0, mean: 1, low: 1, high: 1 });
  for (const bucket of thinned.slice(1)) expect([bucket.low, bucket.high]).toEqual([1, 3]);
  expect(thinCurve(points.slice(0, 19), (x) => x, 10).length).toBe(19);
});
