// Does the jobs of a sweep on this machine, in a pool of processes.
import { shortened } from '@induction-lab/core/internal/printable';
import { pointText } from '../definition/points.ts';
import { jobsOf, type OpenSweep } from '../folder/openSweep.ts';
import type { Job } from '../jobs/job.ts';
import type { Entry } from '../jobs/plan.ts';
import { threadsEach, usualProcesses } from './processCount.ts';
import { ProcessPool } from './processPool.ts';
import { SweepProgress } from './sweepProgress.ts';

export interface RunHereOptions {
  /** Processes; as many as fit unless given. */
  readonly jobs?: number | undefined;
  readonly threads?: number | undefined;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
  /** Told of the steps of a job now and then, and which processes there are. */
  readonly onStep?: (job: Job, step: number, pool: ProcessPool) => void;
}

export interface Ran {
  readonly done: number;
  readonly failed: number;
  readonly of: number;
  /** Jobs that this call did. */
  readonly ended: number;
}

/**
 * Does what is not done yet of some entries, and writes each result as it comes. Ends early when the signal aborts: jobs
 * under way are saved, to be gone on with. Throws a CommandError where nothing more can be done here, on a full disk say.
 */
export async function runHere(open: OpenSweep, entries: readonly Entry[], options: RunHereOptions): Promise<Ran> {
  const { folder, sweep, points } = open;
  const { signal, quiet } = options;
  const known = { done: folder.done(), failed: folder.failed() };
  const all = new Set(entries.map(({ job }) => job));
  let [done, failed, ended, running] = [count(all, known.done), count(all, known.failed), 0, 0];
  const left = all.size - done - failed;
  const jobs = jobsOf(open, entries, new Set([...known.done, ...known.failed]));
  const first = jobs.next();
  if (first.done) return { done, failed, of: all.size, ended };
  const processes = options.jobs ?? usualProcesses(first.value.experiment, left);
  const pool = new ProcessPool({ threads: options.threads ?? threadsEach(Math.min(processes, left)) });
  const progress = new SweepProgress({ name: sweep.name, quiet });
  const placeOf = (job: Job): string => {
    const { point, seed } = entries.find((entry) => entry.job === job.id)!;
    return `${pointText(points[point]!)}, seed ${seed}`;
  };
  const show = (job: Job, step?: number): void =>
    progress.show(
      { done, failed, of: all.size, running },
      { ended, ...(step ? { steps: `step ${step}/${job.experiment.training.steps}` } : {}) },
    );

  async function work(one: Job): Promise<void> {
    running++;
    show(one);
    const outcome = await pool.run(one, {
      half: folder.halfPath(one.id),
      onStep: (step) => {
        show(one, step);
        options.onStep?.(one, step, pool);
      },
    });
    running--;
    if (outcome === 'stopped') return;
    ended++;
    if ('result' in outcome) {
      folder.writeResult(outcome.result);
      done++;
    } else {
      folder.writeFailure(outcome.failure);
      failed++;
      progress.say(`${placeOf(one)} failed: ${shortened(outcome.failure.error, 300)}`);
    }
    show(one);
  }

  let next: IteratorResult<Job> = first;
  let broken: { error: unknown } | null = null;
  async function workOn(): Promise<void> {
    while (!signal.aborted && !broken && !next.done) {
      const job = next.value;
      next = jobs.next();
      try {
        await work(job);
      } catch (error) {
        broken ??= { error };
        pool.stop();
      }
    }
  }
  const stop = (): void => pool.stop();
  signal.addEventListener('abort', stop);
  try {
    await Promise.all(Array.from({ length: Math.min(processes, left) }, workOn));
  } finally {
    signal.removeEventListener('abort', stop);
    pool.close();
    progress.end();
  }
  if (broken) throw (broken as { error: unknown }).error;
  return { done, failed, of: all.size, ended };
}

const count = (all: ReadonlySet<string>, some: ReadonlySet<string>): number =>
  [...all].filter((id) => some.has(id)).length;
