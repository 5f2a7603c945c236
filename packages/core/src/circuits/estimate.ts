// A measured mean with its uncertainty.
import { RandomStream } from '../engine/random.ts';

/** A mean over sequences with its bootstrap 95 % interval. */
export interface Estimate {
  readonly value: number;
  /** 2.5th and 97.5th percentile of the means of resampled sequences. */
  readonly interval: readonly [low: number, high: number];
  /** Sequences. */
  readonly n: number;
}

const RESAMPLES = 400;

/**
 * Mean of one number per sequence, with the percentile bootstrap over sequences (Efron 1979), seeded, so that the same
 * numbers give the same interval. NaN entries (sequences without a counting query) are left out; none at all gives NaN.
 */
export function estimate(perSequence: ArrayLike<number>): Estimate {
  const values = Array.from(perSequence).filter((x) => !Number.isNaN(x));
  const n = values.length;
  if (n === 0) return { value: Number.NaN, interval: [Number.NaN, Number.NaN], n };
  const chosen = resamples(n);
  const means = new Float64Array(RESAMPLES);
  for (let r = 0; r < RESAMPLES; r++) {
    let sum = 0;
    for (let i = r * n; i < (r + 1) * n; i++) sum += values[chosen[i] as number] as number;
    means[r] = sum / n;
  }
  means.sort();
  const at = (share: number): number => means[Math.round(share * (RESAMPLES - 1))] as number;
  return { value: values.reduce((a, b) => a + b, 0) / n, interval: [at(0.025), at(0.975)], n };
}

/**
 * Ratio of two means over the same sequences, Σ numerator / Σ denominator, with its bootstrap 95 % interval: a share of
 * a whole that is itself measured. Resamples whose denominator is not positive are left out; NaN when the whole is not.
 */
export function estimateRatio(numerators: ArrayLike<number>, denominators: ArrayLike<number>): Estimate {
  const n = numerators.length;
  const chosen = resamples(n);
  const ratio = (at: (i: number) => number): number => {
    let [top, bottom] = [0, 0];
    for (let i = 0; i < n; i++) {
      top += numerators[at(i)] as number;
      bottom += denominators[at(i)] as number;
    }
    return bottom > 0 ? top / bottom : Number.NaN;
  };
  const value = ratio((i) => i);
  const ratios = Array.from({ length: RESAMPLES }, (_, r) => ratio((i) => chosen[r * n + i] as number));
  const sorted = Float64Array.from(ratios.filter((x) => !Number.isNaN(x))).sort();
  if (Number.isNaN(value) || sorted.length === 0) return { value: Number.NaN, interval: [Number.NaN, Number.NaN], n };
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] as number;
  return { value, interval: [at(0.025), at(0.975)], n };
}

/** Which of n numbers each resample takes: [RESAMPLES, n]. Drawn once for each n. */
const drawn = new Map<number, Uint32Array>();
function resamples(n: number): Uint32Array {
  let chosen = drawn.get(n);
  if (!chosen) {
    const random = new RandomStream(n, RESAMPLES);
    chosen = Uint32Array.from({ length: RESAMPLES * n }, () => random.below(n));
    drawn.set(n, chosen);
  }
  return chosen;
}

export const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
};
