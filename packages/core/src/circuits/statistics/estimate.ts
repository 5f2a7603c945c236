// A measured mean with its uncertainty.

import { ArgumentError } from '../../errors/arguments.ts';
import { eachResample, percentiles, RESAMPLES } from './bootstrap.ts';

/** A mean over sequences with its bootstrap 95 % interval. */
export interface Estimate {
  /** The mean, in the unit of what was measured. */
  readonly value: number;
  /** 2.5th and 97.5th percentile of the means of resampled sequences; NaN twice where fewer than two sequences count. */
  readonly interval: readonly [low: number, high: number];
  /** Sequences. */
  readonly n: number;
}

/**
 * Mean of one number per sequence, with the percentile bootstrap over sequences (Efron 1979), seeded, so that the same
 * numbers give the same interval. NaN entries (sequences without a counting query) are left out; none at all gives NaN.
 * @param perSequence A number for each sequence.
 */
export function estimate(perSequence: ArrayLike<number>): Estimate {
  const values = Array.from(perSequence).filter((x) => !Number.isNaN(x));
  const n = values.length;
  if (n === 0) return { value: Number.NaN, interval: NO_INTERVAL, n };
  const value = values.reduce((a, b) => a + b, 0) / n;
  if (n === 1) return { value, interval: NO_INTERVAL, n };
  const means = new Float64Array(RESAMPLES);
  eachResample(n, (r, chosen, from) => {
    let sum = 0;
    for (let i = from; i < from + n; i++) sum += values[chosen[i] as number] as number;
    means[r] = sum / n;
  });
  means.sort();
  return { value, interval: percentiles(means), n };
}

/** Of one sequence, or of none, resampling says nothing. */
const NO_INTERVAL = [Number.NaN, Number.NaN] as const;

/** Whether an estimate's interval holds 0, so that no share of it means anything. Of one sequence its value alone decides. */
export function holdsZero({ value, interval: [low, high], n }: Estimate): boolean {
  if (n < 2) return !(Math.abs(value) > 0);
  return !(low > 0 || high < 0);
}

/**
 * Ratio of two means over the same sequences, Σ numerator / Σ denominator, with its bootstrap 95 % interval: a share of
 * a whole that is itself measured. NaN when the whole is not positive, or its own interval holds 0: no share of such a
 * whole means anything. Resamples whose denominator is not positive are left out.
 * @param numerators A number for each sequence.
 * @param denominators A number for each sequence, in the same order.
 * @throws an ArgumentError where the two are not as long.
 */
export function estimateRatio(numerators: ArrayLike<number>, denominators: ArrayLike<number>): Estimate {
  const n = numerators.length;
  if (denominators.length !== n)
    throw new ArgumentError(
      `estimateRatio: ${n} numerators and ${denominators.length} denominators; give one of each for every sequence.`,
    );
  const ratio = (at: (i: number) => number): number => {
    let [top, bottom] = [0, 0];
    for (let i = 0; i < n; i++) {
      top += numerators[at(i)] as number;
      bottom += denominators[at(i)] as number;
    }
    return bottom > 0 ? top / bottom : Number.NaN;
  };
  const value = ratio((i) => i);
  if (Number.isNaN(value) || holdsZero(estimate(denominators))) return { value: Number.NaN, interval: NO_INTERVAL, n };
  if (n === 1) return { value, interval: NO_INTERVAL, n };
  const ratios: number[] = [];
  eachResample(n, (_, chosen, from) => ratios.push(ratio((i) => chosen[from + i] as number)));
  return { value, interval: percentiles(Float64Array.from(ratios.filter((x) => !Number.isNaN(x))).sort()), n };
}

/**
 * The mean; NaN of nothing.
 * @param values The numbers, in any order.
 * @returns Their sum divided by their number; NaN of none.
 */
export const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
};
