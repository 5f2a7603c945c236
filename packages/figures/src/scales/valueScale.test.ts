import { describe, expect, test } from 'vitest';
import { logTicks, multiples, roundStep } from './ticks.ts';
import { linearScale, logScale, rangeWithZero } from './valueScale.ts';

describe('ticks', () => {
  test('steps are 1, 2 or 5 times a power of ten, also where the rough step is one', () => {
    expect([0.03, 0.05, 0.7, 1, 1.1, 3, 5, 600].map(roundStep)).toEqual([0.05, 0.05, 1, 1, 2, 5, 5, 1000]);
  });

  test('multiples include ends that rounding puts beside them', () => {
    expect(multiples(-0.3, 0.3, 0.1).map((tick) => Number(tick.toFixed(9)))).toEqual(
      [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3].map((v) => v || 0),
    );
  });

  test('logarithmic ticks thin out as decades grow', () => {
    expect(logTicks(0.5, 5)).toEqual([0.5, 1, 2, 5]);
    expect(logTicks(0.1, 10)).toEqual([0.1, 0.3, 1, 3, 10]);
    expect(logTicks(0.0001, 10)).toEqual([0.0001, 0.001, 0.01, 0.1, 1, 10]);
  });
});

describe('value scales', () => {
  test('a linear scale places its ends at 0 and 1 and writes as many decimals as its ticks need', () => {
    const scale = linearScale([-1, 1], 4);
    expect([-1, 0, 1].map(scale.fraction)).toEqual([0, 0.5, 1]);
    expect(scale.ticks.map(scale.format)).toEqual(['−1.0', '−0.5', '0.0', '0.5', '1.0']);
    expect(linearScale([0, 4000], 4).ticks.map(linearScale([0, 4000], 4).format)).toEqual([
      '0',
      '1,000',
      '2,000',
      '3,000',
      '4,000',
    ]);
  });

  test('a logarithmic scale places ratios', () => {
    const scale = logScale([0.01, 100]);
    expect(scale.fraction(1)).toBeCloseTo(0.5, 12);
    expect(scale.ticks.map(scale.format)).toEqual(['0.01', '0.1', '1', '10', '100']);
  });

  test('a range includes 0 and leaves room beyond other ends', () => {
    expect(rangeWithZero([2, 4], 0.1)).toEqual([0, 4.4]);
    expect(rangeWithZero([-1, 3], 0.25)).toEqual([-2, 4]);
    expect(rangeWithZero([0], 0.1)).toEqual([0, 1]);
  });
});
