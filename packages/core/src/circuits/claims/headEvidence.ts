// What the rules ask of a head: does its attention follow the period, does it keep its distance without a repeat?
import type { HeadScores } from '../attention/headScoresRecord.ts';
import { KEEPS_STRIPE, NEIGHBOUR } from './thresholds.ts';

/** Mean excess of a head over some of the scanned periods. */
export function excessOver(
  head: HeadScores,
  { scanned, chosen }: { scanned: readonly number[]; chosen: readonly number[] },
): number {
  if (chosen.length === 0) return 0;
  const excess = (period: number): number => head.excessByPeriod[scanned.indexOf(period)] as number;
  return chosen.reduce((sum, period) => sum + excess(period), 0) / chosen.length;
}

/**
 * Attention above chance that a head keeps, without a repeat, on the offset P − 1 of a period and its neighbours, summed
 * over those above chance. Offsets 0 and 1 never count: the current and the previous token are no distance to look back.
 * Where no single offset has half of what makes a stripe, attention is broad, no stripe, and only its peak counts.
 */
export function keptStripe(head: HeadScores, period: number): number {
  const from = Math.max(2, period - 1 - NEIGHBOUR);
  const offsets = head.offsetsAboveChance.slice(from, period + NEIGHBOUR).map((x) => Math.max(0, x));
  const peak = Math.max(0, ...offsets);
  return peak < KEEPS_STRIPE / 2 ? peak : offsets.reduce((sum, x) => sum + x, 0);
}
