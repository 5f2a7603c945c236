import { describe, expect, test } from 'vitest';
import { divergingRamp, sequentialRamp, textColourOn } from './valueRamp.ts';

function luminance([r, g, b]: readonly number[]): number {
  const linear = [r!, g!, b!].map((v) => (v <= 10 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
}

function contrast(a: readonly number[], b: readonly number[]): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

const hex = (colour: string) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
const levels = Array.from({ length: 255 }, (_, i) => i + 1);

describe('value ramps', () => {
  test.each(['light', 'dark', 'auto'] as const)('numbers read at 4.5 : 1 on every colour of %s', (theme) => {
    for (const ramp of [divergingRamp(theme, [-1, 1]), sequentialRamp(theme, [0, 1])]) {
      for (const level of levels) {
        const colour = ramp.colour(level);
        expect(contrast(colour, hex(textColourOn(colour)))).toBeGreaterThan(4.5);
      }
    }
  });

  test.each(['light', 'dark', 'auto'] as const)(
    'both arms of %s run one way in luminance and end at different ones',
    (theme) => {
      const ramp = divergingRamp(theme, [-3, 3]);
      const sign = Math.sign(luminance(ramp.colour(255)) - luminance(ramp.colour(128)));
      for (let step = 1; step <= 127; step++) {
        for (const side of [-1, 1]) {
          const [near, far] = [128 + side * (step - 1), 128 + side * step].map((level) =>
            luminance(ramp.colour(level)),
          );
          expect(sign * (far! - near!)).toBeGreaterThan(-0.004);
        }
      }
      expect(contrast(ramp.colour(1), ramp.colour(255))).toBeGreaterThan(1.5);
    },
  );

  test('0 is neutral and equal distances from it are equally strong, whatever the domain', () => {
    const ramp = divergingRamp('light', [-1, 4]);
    expect(ramp.level(0)).toBe(128);
    expect(ramp.level(1) - 128).toBe(128 - ramp.level(-1));
    expect([ramp.level(4), ramp.level(9), ramp.level(-2)]).toEqual([255, 255, ramp.level(-1)]);
  });

  test('a sequential ramp runs over its domain and stops at its ends', () => {
    const ramp = sequentialRamp('light', [2, 4]);
    expect([1, 2, 3, 4, 5].map(ramp.level)).toEqual([1, 1, 128, 255, 255]);
  });
});
