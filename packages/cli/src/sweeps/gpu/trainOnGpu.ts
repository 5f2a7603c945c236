// Trains jobs on a GPU, many at once, up to where they are to be measured. What the GPU leaves of a job is its saved state at
// its last step; processes on the CPU go on from there as from any other.
import { loadEngine } from '@induction-lab/core/node';
import { type Gpu, GpuError, shapeOf, trainEnsemble } from '@induction-lab/core/node-gpu';
import { CommandError, EXIT, toCommandError } from '../../errors.ts';
import type { SweepFolder } from '../folder/sweepFolder.ts';
import type { Job } from '../jobs/job.ts';
import { jobFailure } from '../jobs/jobResult.ts';
import { type JobTraining, jobTraining, SaveClock } from '../jobs/jobTraining.ts';

/** Jobs that train at once at most: more bring no speed, and their states take memory and disk. */
const AT_ONCE = 64;

/** Jobs of one shape together, in the order of the sweep, at most so many. */
export function inEnsembles(jobs: Iterable<Job>): Job[][] {
  const shapes = new Map<string, Job[]>();
  for (const job of jobs) {
    const shape = shapeOf(job.experiment);
    shapes.set(shape, [...(shapes.get(shape) ?? []), job]);
  }
  return [...shapes.values()].flatMap((all) =>
    Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, i) => all.slice(i * AT_ONCE, (i + 1) * AT_ONCE)),
  );
}

/**
 * Trains jobs of one shape; one that cannot be trained has failed, and the others do not mind. Ends early, with all states
 * saved, when the signal aborts. Throws a CommandError where the GPU itself fails: nothing has failed for that.
 */
export async function trainOnGpu(
  gpu: Gpu,
  jobs: readonly Job[],
  { folder, signal, onStep }: { folder: SweepFolder; signal: AbortSignal; onStep: (job: Job, step: number) => void },
): Promise<void> {
  const engine = await loadEngine({ shared: false });
  const clock = new SaveClock();
  const trainings = await Promise.all(
    jobs.map((job) =>
      jobTraining(job, { engine, half: folder.halfPath(job.id), signal, clock, onStep: (step) => onStep(job, step) }),
    ),
  );
  const left = jobs
    .map((job, i) => [job, trainings[i]!] as [Job, JobTraining])
    .filter(([{ experiment }, { from }]) => from < experiment.training.steps);
  const results = await trainEnsemble(
    gpu,
    left.map(([, { options }]) => options),
  );
  for (const [i, result] of results.entries()) {
    if (result.status === 'fulfilled') continue;
    const { reason } = result;
    const { code } = reason as NodeJS.ErrnoException;
    if (reason instanceof GpuError)
      throw new CommandError(`${reason.message} The sweep goes on where it was saved.`, EXIT.failed);
    if (typeof code === 'string') throw reason; // this machine's fault: a full disk, say
    folder.writeFailure(jobFailure(left[i]![0], toCommandError(reason).message));
  }
}
