import { expect, test } from 'vitest';
import { RandomStream } from '../engine/random.ts';
import { estimate } from './estimate.ts';

test('of equal numbers is that number with an interval of no width', () => {
  expect(estimate([2, 2, 2])).toEqual({ value: 2, interval: [2, 2], n: 3 });
});

test('leaves out NaN, and of nothing is NaN', () => {
  expect(estimate([1, Number.NaN, 3])).toMatchObject({ value: 2, n: 2 });
  expect(estimate([Number.NaN]).value).toBeNaN();
});

test('covers the true mean in about 95 of 100 samples', () => {
  let covered = 0;
  for (let sample = 0; sample < 200; sample++) {
    const random = new RandomStream(7, sample);
    const { interval } = estimate(Array.from({ length: 60 }, () => random.normal()));
    if (interval[0] <= 0 && interval[1] >= 0) covered++;
  }
  expect(covered).toBeGreaterThan(176); // 188 expected, standard deviation about 3.3
  expect(covered).toBeLessThan(200);
});

test('gives the same interval for the same numbers', () => {
  expect(estimate([1, 2, 5])).toEqual(estimate([1, 2, 5]));
});
