// The median of a few runs with its uncertainty.
import { eachResample, percentiles, RESAMPLES } from './bootstrap.ts';
import type { Estimate } from './estimate.ts';

/** The middle number, or the mean of the two in the middle; NaN of none. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length / 2;
  return sorted.length === 0 ? Number.NaN : (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}

/**
 * Median of one number a run, with the percentile bootstrap over runs (Efron 1979), seeded, so that the same numbers give the
 * same 95 % interval. NaN entries are left out; the interval is NaN twice where fewer than two are left.
 * @param perRun A number for each run.
 */
export function medianEstimate(perRun: ArrayLike<number>): Estimate {
  const values = Array.from(perRun).filter((x) => !Number.isNaN(x));
  const n = values.length;
  if (n < 2) return { value: median(values), interval: [Number.NaN, Number.NaN], n };
  const medians = new Float64Array(RESAMPLES);
  const drawn = new Float64Array(n);
  eachResample(n, (resample, chosen, from) => {
    for (let i = 0; i < n; i++) drawn[i] = values[chosen[from + i] as number] as number;
    medians[resample] = median(drawn);
  });
  medians.sort();
  return { value: median(values), interval: percentiles(medians), n };
}
