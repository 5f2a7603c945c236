// The bootstrap (Efron 1979): what a number would be on other sequences, by drawing from those that were measured.
import { RandomStream } from '../../random/randomStream.ts';

/** So many times sequences are drawn again. */
export const RESAMPLES = 400;

/** 2.5th and 97.5th percentile of sorted numbers. */
export function percentiles(sorted: Float64Array): [low: number, high: number] {
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] as number;
  return [at(0.025), at(0.975)];
}

/** Above so many sequences resamples are drawn each time instead of kept: 16 MB of indices. */
const MOST_KEPT = 10_000;

/** Which of n numbers each resample takes: [RESAMPLES, n]. Drawn once for each n. */
const drawn = new Map<number, Uint32Array>();

/** Visits every resample of n numbers: the same for the same n. Its indices are chosen[from … from + n − 1]. */
export function eachResample(n: number, visit: (resample: number, chosen: Uint32Array, from: number) => void): void {
  const kept = drawn.get(n);
  if (kept) {
    for (let r = 0; r < RESAMPLES; r++) visit(r, kept, r * n);
    return;
  }
  const random = new RandomStream(n, RESAMPLES);
  if (n > MOST_KEPT) {
    const chosen = new Uint32Array(n);
    for (let r = 0; r < RESAMPLES; r++) {
      for (let i = 0; i < n; i++) chosen[i] = random.below(n);
      visit(r, chosen, 0);
    }
    return;
  }
  drawn.set(
    n,
    Uint32Array.from({ length: RESAMPLES * n }, () => random.below(n)),
  );
  eachResample(n, visit);
}
