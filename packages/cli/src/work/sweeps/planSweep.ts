// `induction-lab sweep plan`: how many runs, which, and how long they will take.
import { availableParallelism } from 'node:os';
import { counted } from '@induction-lab/core/internal/names';
import { printable } from '@induction-lab/core/internal/printable';
import { MEASUREMENTS } from '../../sweeps/definition/measurements.ts';
import { pointText } from '../../sweeps/definition/points.ts';
import { axesText, seedsText } from '../../sweeps/definition/readSweep.ts';
import { jobsOf, type OpenSweep, planTarget } from '../../sweeps/folder/openSweep.ts';
import type { Job } from '../../sweeps/jobs/job.ts';
import { usualProcesses } from '../../sweeps/pool/processCount.ts';
import { secondsPerRun, timeOfOne } from '../../sweeps/pool/timeOfOne.ts';
import { durationText } from '../../terminal/duration.ts';

export interface PlanOptions {
  out?: string;
  exact?: boolean;
  json?: boolean;
  all?: boolean;
  jobs?: number;
  /** False where --no-time was given. */
  time: boolean;
}

/** Points that are listed unless all are asked for. */
const LISTED = 12;

interface Plan {
  readonly runs: number;
  readonly jobs: number;
  readonly done: number;
  readonly processes: number;
  readonly secondsPerRun: number | null;
  readonly secondsLeft: number | null;
}

export async function planSweepCommand(target: string, options: PlanOptions): Promise<void> {
  const open = await planTarget(target, options);
  const plan = await planOf(open, options);
  if (options.json)
    process.stdout.write(
      `${JSON.stringify({ name: open.sweep.name, ...plan, points: open.points, seeds: open.sweep.seeds })}\n`,
    );
  else process.stdout.write(`${planText(open, plan, options).map(printable).join('\n')}\n`);
}

async function planOf(open: OpenSweep, { jobs, time }: PlanOptions): Promise<Plan> {
  const ids = new Set(open.entries.map(({ job }) => job));
  const there = open.folder.done();
  const done = [...ids].filter((id) => there.has(id)).length;
  const left = jobsOf(open, open.entries, there).next();
  if (left.done)
    return { runs: open.entries.length, jobs: ids.size, done, processes: 0, secondsPerRun: 0, secondsLeft: 0 };
  const processes = jobs ?? usualProcesses(left.value.experiment, ids.size - done);
  const each = time && left.value.data === null ? await measured(open, left.value) : null;
  const atOnce = Math.min(processes, availableParallelism());
  return {
    ...{ runs: open.entries.length, jobs: ids.size, done, processes },
    secondsPerRun: each,
    secondsLeft: each === null ? null : (each * (ids.size - done)) / atOnce,
  };
}

const measured = async (open: OpenSweep, one: Job): Promise<number> => secondsPerRun(open, one, await timeOfOne(one));

function planText({ sweep, points, folder }: OpenSweep, plan: Plan, { all = false }: PlanOptions): string[] {
  const { runs, jobs, done, processes, secondsPerRun: each, secondsLeft } = plan;
  const on = (Object.keys(MEASUREMENTS) as (keyof typeof MEASUREMENTS)[]).filter((name) => sweep.measure[name]);
  const shown = all ? points : points.slice(0, LISTED);
  const same = jobs < runs ? `, ${(runs - jobs).toLocaleString('en')} of them the same as others` : '';
  return [
    `${sweep.name}: ${counted(runs, 'run')}, ${counted(points.length, 'setting')} × ${seedsText(sweep)}${same}; ${done.toLocaleString('en')} done in ${folder.path}`,
    ...axesText(sweep.grids).map((line) => `  ${line}`),
    `Measured of each: ${on.join(', ') || 'its last weights alone'}; ${sweep.backend} kernels.`,
    '',
    ...shown.map((point) => `  ${pointText(point)}`),
    ...(shown.length < points.length
      ? [`  and ${(points.length - shown.length).toLocaleString('en')} more (--all lists them)`]
      : []),
    '',
    ...(each === null
      ? ['How long it takes was not measured.']
      : [
          `About ${durationText(each)} a run, measured on one; ${durationText(secondsLeft!)} with ${processes} at once.`,
        ]),
  ];
}
