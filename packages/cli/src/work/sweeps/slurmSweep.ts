// `induction-lab sweep --on slurm`: a sweep as an array of SLURM.
import { printable } from '@induction-lab/core/internal/printable';
import { badInput } from '../../errors.ts';
import { submitArray } from '../../sweeps/engines/slurm.ts';
import { beginTarget, jobsOf } from '../../sweeps/folder/openSweep.ts';
import { secondsPerRun, timeOfOne } from '../../sweeps/pool/timeOfOne.ts';
import type { RunSweepOptions } from './runSweep.ts';

/** Seconds that are assumed of a run whose time is not measured: one that trains on data of its own. */
const UNKNOWN = 60;

export async function submitSweep(target: string, options: RunSweepOptions): Promise<void> {
  if (options.part !== undefined || options.parts !== undefined)
    throw badInput('--on slurm divides the sweep by itself; leave --part and --parts out.');
  const open = await beginTarget(target, options);
  const { folder, entries, sweep } = open;
  if (options.retry) folder.forgetFailures();
  const there = new Set([...folder.done(), ...folder.failed()]);
  const left = new Set(entries.map(({ job }) => job).filter((job) => !there.has(job))).size;
  const first = jobsOf(open, entries, there).next();
  if (first.done) {
    process.stdout.write(`Nothing is left to do in ${printable(folder.path)}.\n`);
    return;
  }
  const secondsPerJob = sweep.data === null ? secondsPerRun(open, first.value, await timeOfOne(first.value)) : UNKNOWN;
  const threads = options.threads ?? 1;
  const { jobId, elements } = submitArray(folder, {
    jobs: left,
    secondsPerJob,
    threads,
    throttle: options.jobs,
    name: sweep.name,
  });
  if (!options.quiet)
    process.stdout.write(
      `SLURM job ${jobId}: ${left.toLocaleString('en')} runs in ${elements} elements, about ${Math.round(secondsPerJob)} s a run. How far it is: npx induction-lab sweep status ${printable(folder.path)}\n`,
    );
}
