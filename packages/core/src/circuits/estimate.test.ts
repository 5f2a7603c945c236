import { describe, expect, test } from 'vitest';
import { RandomStream } from '../engine/random.ts';
import { estimate, estimateRatio } from './estimate.ts';

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

describe('a ratio of means', () => {
  const random = new RandomStream(11);
  const denominators = Array.from({ length: 50 }, () => 2 + random.normal() / 4);
  const noisy = denominators.map((x) => 0.7 * x + random.normal() / 4);

  test('is that of the sums, not the mean of the ratios, with an interval around it', () => {
    expect(estimateRatio([1, 3], [1, 9])).toMatchObject({ value: 0.4, n: 2 });
    const { value, interval, n } = estimateRatio(noisy, denominators);
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    expect(value).toBeCloseTo(sum(noisy) / sum(denominators), 12);
    expect(interval[0]).toBeLessThan(value);
    expect(interval[1]).toBeGreaterThan(value);
    // The deviation is about (1/4) / 2 / sqrt(50) = 0.018; the interval some four of it wide.
    expect(interval[1] - interval[0]).toBeGreaterThan(0.04);
    expect(interval[1] - interval[0]).toBeLessThan(0.1);
    expect(n).toBe(50);
  });

  test('of a constant share has an interval of no width, however the whole varies', () => {
    const { value, interval } = estimateRatio(
      denominators.map((x) => x / 4),
      denominators,
    );
    for (const x of [value, ...interval]) expect(x).toBeCloseTo(0.25, 12);
  });

  test('is NaN where the whole is not positive, and resamples in which it is not do not count', () => {
    expect(estimateRatio([1, 1], [1, -1])).toEqual({ value: Number.NaN, interval: [Number.NaN, Number.NaN], n: 2 });
    expect(estimateRatio([1, 1], [0, 0]).value).toBeNaN();
    expect(estimateRatio([], []).value).toBeNaN();
    const { value, interval } = estimateRatio([1, 1], [3, -1]);
    expect(value).toBe(1);
    expect(interval).toEqual([1 / 3, 1]); // (3, 3) and (3, −1); (−1, −1) is left out
  });

  test('is the same for the same numbers', () => {
    expect(estimateRatio(noisy, denominators)).toEqual(estimateRatio(noisy, denominators));
  });
});
