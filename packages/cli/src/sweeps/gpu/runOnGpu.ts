// Does what a GPU trains of a sweep: an ensemble after the other, each measured on the CPU before the next, so that results come
// and states do not pile up.
import type { Gpu } from '@induction-lab/core/node-gpu';
import { jobsOf, type OpenSweep } from '../folder/openSweep.ts';
import type { Entry } from '../jobs/plan.ts';
import { type RunHereOptions, runHere } from '../pool/runHere.ts';
import { SweepProgress } from '../pool/sweepProgress.ts';
import { inEnsembles, trainOnGpu } from './trainOnGpu.ts';

/** Returns how many it did. Ends early, with what is under way saved, when the signal aborts. Throws a CommandError where the GPU fails. */
export async function runOnGpu(
  open: OpenSweep,
  gpu: Gpu,
  { entries, ...how }: Pick<RunHereOptions, 'jobs' | 'threads' | 'quiet' | 'signal'> & { entries: readonly Entry[] },
): Promise<number> {
  const { folder, sweep } = open;
  const { quiet, signal } = how;
  const [done, failed] = [folder.done(), folder.failed()];
  const jobs = [...jobsOf(open, entries, new Set([...done, ...failed]))].filter((job) => job.gpu);
  const progress = new SweepProgress({ name: `${sweep.name} on ${gpu.info.adapter}`, quiet });
  let ended = 0;
  for (const ensemble of inEnsembles(jobs)) {
    if (signal.aborted) break;
    const show = (step: number): void =>
      progress.show(
        { done: ended, failed: 0, of: jobs.length, running: ensemble.length },
        { ended, steps: `step ${step}/${ensemble[0]!.experiment.training.steps}` },
      );
    await trainOnGpu(gpu, ensemble, { folder, signal, onStep: (job, step) => job === ensemble[0] && show(step) });
    progress.end();
    if (signal.aborted) break;
    const ids = new Set(ensemble.map(({ id }) => id));
    const ran = await runHere(
      open,
      entries.filter(({ job }) => ids.has(job)),
      how,
    );
    ended += ran.ended;
  }
  return ended;
}
