// The curves of two runs in one record, for the figure that is saved of a comparison.
import type { OtherRun } from '../lab/state.ts';
import type { Losses, Segment } from '../protocol.ts';
import { isMain } from './lossSegments.ts';

/** What the other run's curve is called in the record. */
const OTHER = 'other';

/** A run's losses and segments, with the curve of what the run beside it is about. */
export function bothCurves(
  points: readonly Losses[],
  segments: readonly Segment[],
  other: OtherRun | null,
): { points: readonly Losses[]; segments: readonly Segment[] } {
  const main = segments.find(isMain);
  if (!other || !main || other.losses.length === 0) return { points, segments };
  const bySegment = new Map(points.map(({ step, segments: losses }) => [step, losses]));
  for (const { step, segments: losses } of other.losses)
    bySegment.set(step, { ...bySegment.get(step), [OTHER]: losses[main.name] ?? null });
  const joined = [...bySegment].sort(([a], [b]) => a - b).map(([step, losses]) => ({ step, segments: losses }));
  const title = `${main.title}, ${other.name}, seed ${other.setting.seed}`;
  return { points: joined, segments: [...segments, { name: OTHER, title }] };
}
