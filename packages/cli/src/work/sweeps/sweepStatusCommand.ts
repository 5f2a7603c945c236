// `induction-lab sweep status`: counts, rate, time left, and failures with their sentence.
import { printable, shortened } from '@induction-lab/core/internal/printable';
import { pointText } from '../../sweeps/definition/points.ts';
import { readArray, statesOf } from '../../sweeps/engines/slurm.ts';
import { readTarget } from '../../sweeps/folder/openSweep.ts';
import { type SweepStatus, sweepStatus } from '../../sweeps/folder/sweepStatus.ts';
import { durationText } from '../../terminal/duration.ts';

export interface StatusOptions {
  out?: string;
  json?: boolean;
}

/** Failures that are told one by one. */
const TOLD = 20;

export async function sweepStatusCommand(target: string, { out, json = false }: StatusOptions): Promise<void> {
  const open = await readTarget(target, { out });
  const status = sweepStatus(open);
  const array = readArray(open.folder);
  const slurm = array
    ? { jobId: array.jobId, elements: array.elements, states: Object.fromEntries(statesOf(array)) }
    : null;
  const placeOf = ({ point, seed }: SweepStatus['failures'][number]['entry']): string =>
    `${pointText(open.points[point]!)}, seed ${seed}`;
  if (json) {
    const failures = status.failures.map(({ entry, error }) => ({ ...entry, place: placeOf(entry), error }));
    process.stdout.write(
      `${JSON.stringify({ name: open.sweep.name, ...status, failures, ...(slurm ? { slurm } : {}) })}\n`,
    );
    return;
  }
  const { jobs, done, failed, perMinute, secondsLeft, failures } = status;
  const count = (n: number): string => n.toLocaleString('en');
  const lines = [
    `${open.sweep.name}: ${count(done)} of ${count(jobs)} runs done, ${count(failed)} failed, ${count(jobs - done - failed)} to do.`,
    ...(perMinute === null || secondsLeft === 0
      ? []
      : [
          `${perMinute.toPrecision(2)} runs a minute of late${secondsLeft === null ? '' : `; ${durationText(secondsLeft)} left at that rate`}.`,
        ]),
    ...(slurm
      ? [
          `SLURM job ${slurm.jobId}, ${slurm.elements} elements: ${
            Object.entries(slurm.states)
              .map(([state, n]) => `${n} ${state}`)
              .join(', ') || 'not known there any more'
          }.`,
        ]
      : []),
    ...failures.slice(0, TOLD).map(({ entry, error }) => `  ${placeOf(entry)}: ${shortened(error, 300)}`),
    ...(failures.length > TOLD ? [`  and ${count(failures.length - TOLD)} more (--json lists them)`] : []),
  ];
  process.stdout.write(`${lines.map(printable).join('\n')}\n`);
}
