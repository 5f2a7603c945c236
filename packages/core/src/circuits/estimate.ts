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
