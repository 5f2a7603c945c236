import { expect, test } from 'vitest';
import { gaussLegendre } from './gaussLegendre.ts';

test('so many points integrate polynomials of twice the degree exactly, and no higher one', () => {
  for (const n of [1, 2, 3, 5, 8, 13]) {
    const points = gaussLegendre(n);
    expect(points).toHaveLength(n);
    const integral = (power: number): number => points.reduce((sum, { at, weight }) => sum + weight * at ** power, 0);
    for (let power = 0; power < 2 * n; power++) expect(integral(power)).toBeCloseTo(1 / (power + 1), 14);
    if (n < 8) expect(Math.abs(integral(2 * n) - 1 / (2 * n + 1))).toBeGreaterThan(1e-9);
    expect(points.map(({ at }) => at)).toEqual(points.map(({ at }) => at).sort((a, b) => a - b));
  }
});

test('two points are those of the books, and a thousand stay inside', () => {
  const [low, high] = gaussLegendre(2);
  expect(low!.at).toBeCloseTo(0.5 - Math.sqrt(3) / 6, 15);
  expect(high!.at).toBeCloseTo(0.5 + Math.sqrt(3) / 6, 15);
  const many = gaussLegendre(1000);
  expect(many.every(({ at, weight }) => at > 0 && at < 1 && weight > 0)).toBe(true);
  expect(new Set(many.map(({ at }) => at)).size).toBe(1000);
});
