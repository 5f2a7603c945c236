// What a sweep comes to: its entries, a run of a point with a seed each, and the jobs that do them. Entries of two grids
// that ask for the same run share a job.

import { LONGEST_NAME } from '@induction-lab/core/internal';
import type { Experiment } from '@induction-lab/core/node';
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

/** Whether a GPU trains an experiment. */
export type TrainsOnGpu = (experiment: Experiment) => boolean;

/**
 * Checks every point, and names the job of each run. `file` is what to call the sweep in messages; of a sweep with a GPU
 * `onGpu` says what that trains.
 */
export function planSweep(
  sweep: Sweep,
  file: string,
  onGpu: TrainsOnGpu = () => false,
): { points: Point[]; entries: Entry[] } {
  const runs = countPoints(sweep) * sweep.seeds.length;
  if (runs > MOST)
    throw badInput(
      `${file} asks for ${runs.toLocaleString('en')} runs, a sweep has at most ${MOST.toLocaleString('en')}; divide it.`,
    );
  const points = pointsOf(sweep);
  const entries = points.flatMap((point, index) => {
    const experiment = experimentAt(sweep, point, file);
    const gpu = sweep.gpu && onGpu(experiment) ? sweep.gpu : undefined;
    return sweep.seeds.map((seed): Entry => ({ job: jobAt(sweep, { experiment, seed, gpu }).id, point: index, seed }));
  });
  return { points, entries };
}

const jobAt = ({ measure, data, backend }: Sweep, run: Pick<Job, 'experiment' | 'seed' | 'gpu'>): Job =>
  jobOf({ ...run, measure, data, backend });

/** The job of an entry, to be done. Its experiment is called after the sweep. */
export function jobOfEntry(sweep: Sweep, points: readonly Point[], { point, seed, job }: Entry): Job {
  const experiment = experimentAt(sweep, points[point]!, sweep.name);
  const run = { experiment: { ...experiment, name: sweep.name.slice(0, LONGEST_NAME) }, seed };
  const onCpu = jobAt(sweep, run);
  // The id says which of the two trains it.
  return sweep.gpu && onCpu.id !== job ? jobAt(sweep, { ...run, gpu: sweep.gpu }) : onCpu;
}
