import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../random/randomStream.ts';
import { estimate, estimateRatio, holdsZero } from './estimate.ts';

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

test('one sequence has a value and no interval: resampling it says nothing', () => {
  expect(estimate([1.28])).toEqual({ value: 1.28, interval: [Number.NaN, Number.NaN], n: 1 });
  expect(estimate([Number.NaN, 1.28]).interval).toEqual([Number.NaN, Number.NaN]);
  expect(estimate([1, 2]).interval).toEqual([1, 2]);
});

test('above ten thousand sequences resamples are drawn each time, and are the same each time', () => {
  const many = Array.from({ length: 10_001 }, (_, i) => i % 2);
  const { value, interval } = estimate(many);
  expect(value).toBeCloseTo(0.5, 3);
  expect(interval[1] - interval[0]).toBeCloseTo(4 * 0.005, 2);
  expect(estimate(many)).toEqual({ value, interval, n: 10_001 });
});

test('an interval that holds 0 is no whole to take shares of; of one number its value decides', () => {
  expect(holdsZero(estimate([-1, 3]))).toBe(true);
  expect(holdsZero(estimate([1, 3]))).toBe(false);
  expect(holdsZero(estimate([-3, -1]))).toBe(false);
  expect(holdsZero(estimate([0]))).toBe(true);
  expect(holdsZero(estimate([2]))).toBe(false);
  expect(holdsZero(estimate([]))).toBe(true);
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

  test('is NaN where the whole is not positive, or may be none: no share of it means anything', () => {
    const none = { value: Number.NaN, interval: [Number.NaN, Number.NaN], n: 2 };
    expect(estimateRatio([1, 1], [1, -1])).toEqual(none);
    expect(estimateRatio([1, 1], [0, 0]).value).toBeNaN();
    expect(estimateRatio([], []).value).toBeNaN();
    expect(estimateRatio([1, 1], [3, -1])).toEqual(none); // the mean of the whole is 1, from −1 to 3
    expect(estimateRatio([1, 1], [3, 1])).toEqual({ value: 0.5, interval: [1 / 3, 1], n: 2 });
  });

  test('of one sequence has no interval', () => {
    expect(estimateRatio([1], [4])).toEqual({ value: 0.25, interval: [Number.NaN, Number.NaN], n: 1 });
    expect(estimateRatio([1], [0]).value).toBeNaN();
  });

  test('is the same for the same numbers', () => {
    expect(estimateRatio(noisy, denominators)).toEqual(estimateRatio(noisy, denominators));
  });
});
