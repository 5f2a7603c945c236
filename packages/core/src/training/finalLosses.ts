// The loss that a run ended with, wherever it is told: a single batch is noisy.
import type { SegmentLosses } from '../tasks/segments.ts';

/** Steps averaged for the loss that a run ended with. */
export const LAST_STEPS = 20;

/**
 * Means over the last 20 of the steps given, or over all where there are fewer; null for a segment that none of them has.
 * @param steps The records of a run's steps, in order.
 */
export function finalLosses(steps: readonly { readonly segments: SegmentLosses }[]): SegmentLosses {
  const last = steps.slice(-LAST_STEPS);
  const names = [...new Set(last.flatMap(({ segments }) => Object.keys(segments)))];
  return Object.fromEntries(names.map((name) => [name, mean(last.map(({ segments }) => segments[name] ?? null))]));
}

function mean(losses: readonly (number | null)[]): number | null {
  const values = losses.filter((x): x is number => x !== null);
  return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
}
