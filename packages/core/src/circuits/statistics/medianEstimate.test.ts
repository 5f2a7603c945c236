import { expect, test } from 'vitest';
import { median, medianEstimate } from './medianEstimate.ts';

test('the median is the middle number, or halfway between the two in the middle', () => {
  expect(median([7])).toBe(7);
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 3])).toBe(4);
  expect(median([])).toBeNaN();
});

test('the interval of equal numbers is that number, and one number has none', () => {
  expect(medianEstimate([2, 2, 2, 2, 2])).toEqual({ value: 2, interval: [2, 2], n: 5 });
  expect(medianEstimate([3])).toEqual({ value: 3, interval: [Number.NaN, Number.NaN], n: 1 });
});

test('what is no number is left out', () => {
  expect(medianEstimate([Number.NaN, 1, 3, Number.NaN, 2])).toMatchObject({ value: 2, n: 3 });
});

test('the interval lies among the numbers, holds the median, and is the same again', () => {
  const numbers = Array.from({ length: 41 }, (_, i) => (i * 17) % 41);
  const { value, interval } = medianEstimate(numbers);
  expect(value).toBe(20);
  // Of 41 numbers in a row the median's standard error is about 1.25 σ / √41 with σ = 11.8: 95 % lies within about ± 6.
  expect(interval[0]).toBeGreaterThan(8);
  expect(interval[0]).toBeLessThan(18);
  expect(interval[1]).toBeGreaterThan(22);
  expect(interval[1]).toBeLessThan(32);
  expect(medianEstimate(numbers)).toEqual({ value, interval, n: 41 });
});
