// What a sweep comes to: its entries, a run of a point with a seed each, and the jobs that do them. Entries of two grids
// that ask for the same run share a job.
import { LONGEST_NAME } from '@induction-lab/core/internal';
import { badInput } from '../../errors.ts';
import { countPoints, experimentAt, type Point, pointsOf } from '../definition/points.ts';
import type { Sweep } from '../definition/sweep.ts';
import { MOST } from '../definition/sweepSchema.ts';
import { type Job, jobOf } from './job.ts';

export interface Entry {
  /** The job's id. */
  readonly job: string;
  /** Index of the point. */
  readonly point: number;
  readonly seed: number;
}

/** Checks every point, and names the job of each run. `file` is what to call the sweep in messages. */
export function planSweep(sweep: Sweep, file: string): { points: Point[]; entries: Entry[] } {
  const runs = countPoints(sweep) * sweep.seeds.length;
  if (runs > MOST)
    throw badInput(
      `${file} asks for ${runs.toLocaleString('en')} runs, a sweep has at most ${MOST.toLocaleString('en')}; divide it.`,
    );
  const points = pointsOf(sweep);
  const entries = points.flatMap((point, index) => {
    const experiment = experimentAt(sweep, point, file);
    return sweep.seeds.map((seed): Entry => ({ job: jobAt(sweep, experiment, seed).id, point: index, seed }));
  });
  return { points, entries };
}

const jobAt = ({ measure, data, backend }: Sweep, experiment: Job['experiment'], seed: number): Job =>
  jobOf({ experiment, seed, measure, data, backend });

/** The job of an entry, to be done. Its experiment is called after the sweep. */
export function jobOfEntry(sweep: Sweep, points: readonly Point[], { point, seed }: Omit<Entry, 'job'>): Job {
  const experiment = experimentAt(sweep, points[point]!, sweep.name);
  return jobAt(sweep, { ...experiment, name: sweep.name.slice(0, LONGEST_NAME) }, seed);
}
