// The finished runs of a sweep, as figures and tables need them.
import { mainSegment, type Segment, segmentsOf } from '@induction-lab/core/node';
import { experimentAt } from '../definition/points.ts';
import type { OpenSweep } from '../folder/openSweep.ts';
import { curveOf, type FinishedRun } from './groupRuns.ts';
import { type Collected, eachRun, type ReadingOptions } from './runRows.ts';

/** Reads all of them; throws what `eachRun` throws. */
export function finishedRuns(
  open: OpenSweep,
  reading: ReadingOptions = {},
): { runs: FinishedRun[]; collected: Collected } {
  const { name } = segmentOf(open);
  const runs: FinishedRun[] = [];
  const collected = eachRun(open, reading, (row, result, { point, seed }) => {
    if (result) runs.push({ point: open.points[point]!, seed, row, curve: curveOf(result, name) });
  });
  return { runs, collected };
}

/** The segment whose losses are drawn: that of the first setting. */
export function segmentOf({ sweep, points }: Pick<OpenSweep, 'sweep' | 'points'>): Segment {
  const { task } = experimentAt(sweep, points[0]!, sweep.name);
  return mainSegment(task.kind === 'data' ? [] : segmentsOf(task));
}
