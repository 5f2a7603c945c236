// A sweep as an array of SLURM: its script, submitted by sbatch, and how it stands by squeue and sacct.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printable, shortened } from '@induction-lab/core/internal/printable';
import { badInput, CommandError, EXIT } from '../../errors.ts';
import { readJson, writeJson, writeWhole } from '../../files/wholeFiles.ts';
import { shellWord } from '../../terminal/shellWord.ts';
import type { SweepFolder } from '../folder/sweepFolder.ts';

/** Seconds that an element of the array is to take: long beside its start, short beside a night. */
const ELEMENT_SECONDS = 600;

/** An array that was submitted. */
export interface SlurmArray {
  readonly jobId: string;
  readonly elements: number;
}

export interface SlurmOptions {
  /** Jobs that are to be done, and the seconds that one takes. */
  readonly jobs: number;
  readonly secondsPerJob: number;
  /** Elements at once; as many as SLURM lets unless given. */
  readonly throttle?: number | undefined;
  readonly threads: number;
  readonly name: string;
}

/** Writes the script into the folder and submits it. Throws a CommandError where SLURM is not there or refuses. */
export function submitArray(folder: SweepFolder, options: SlurmOptions): SlurmArray {
  const running = readArray(folder);
  if (running && statesOf(running).some(([state]) => ACTIVE.has(state)))
    throw badInput(
      `SLURM job ${running.jobId} still works on ${printable(folder.path)}; wait until it has ended, or end it with scancel ${running.jobId}.`,
    );
  const elements = elementsOf(options, mostElements());
  mkdirSync(folder.file('slurm'), { recursive: true });
  const script = folder.file('slurm.sh');
  writeWhole(script, scriptOf(folder, elements, options));
  const range = `0-${elements - 1}${options.throttle === undefined ? '' : `%${options.throttle}`}`;
  const printed = slurm('sbatch', ['--parsable', `--array=${range}`, script]);
  const array = { jobId: printed.trim().split(';')[0] as string, elements };
  writeJson(folder.file('slurm.json'), array);
  return array;
}

/** As many elements as make each take minutes, and as SLURM takes. */
export const elementsOf = (
  { jobs, secondsPerJob }: Pick<SlurmOptions, 'jobs' | 'secondsPerJob'>,
  most: number,
): number => Math.max(1, Math.min(jobs, most, Math.ceil((jobs * secondsPerJob) / ELEMENT_SECONDS)));

/** SLURM takes indices below MaxArraySize. */
function mostElements(): number {
  const found = /^MaxArraySize\s*=\s*(\d+)/m.exec(slurm('scontrol', ['show', 'config']))?.[1];
  return Math.max(1, Number(found ?? 1001));
}

export function scriptOf(
  { path }: SweepFolder,
  elements: number,
  { threads, name }: Pick<SlurmOptions, 'threads' | 'name'>,
): string {
  const command = fileURLToPath(new URL('../../../bin/induction-lab.js', import.meta.url));
  const folder = resolve(path);
  const words = [
    process.execPath,
    command,
    'sweep',
    'run',
    folder,
    '--parts',
    String(elements),
    '--jobs',
    '1',
    '--threads',
    String(threads),
  ];
  return `#!/bin/bash
#SBATCH --job-name=${name}
#SBATCH --cpus-per-task=${threads}
#SBATCH --output=${folder.replaceAll(' ', '\\ ')}/slurm/%A_%a.out
#SBATCH --requeue
# One of ${elements} parts of the sweep. To submit by hand, or some elements again: sbatch --array=0-${elements - 1} slurm.sh
exec ${words.map(shellWord).join(' ')} --quiet
`;
}

/** The array that works on a folder; null where none was submitted. */
export function readArray(folder: SweepFolder): SlurmArray | null {
  const path = folder.file('slurm.json');
  if (!existsSync(path)) return null;
  const { jobId, elements } = (readJson(path, 'slurm.json') ?? {}) as Partial<SlurmArray>;
  if (typeof jobId !== 'string' || !/^\d+$/.test(jobId) || typeof elements !== 'number')
    throw badInput(`${printable(path)} names no SLURM job; remove it.`);
  return { jobId, elements };
}

/** States in which an element is still to come, or under way. */
const ACTIVE: ReadonlySet<string> = new Set([
  'PENDING',
  'CONFIGURING',
  'RUNNING',
  'COMPLETING',
  'SUSPENDED',
  'REQUEUED',
  'REQUEUE_HOLD',
  'RESIZING',
]);

/** How many elements are in which state: by squeue while it knows the job, by sacct afterwards; none where neither does. */
export function statesOf({ jobId }: Pick<SlurmArray, 'jobId'>): [state: string, count: number][] {
  const asked = [
    ['squeue', ['-h', '-r', '-t', 'all', '-j', jobId, '-o', '%T']],
    ['sacct', ['-n', '-X', '-j', jobId, '-o', 'State']],
  ] as const;
  for (const [command, args] of asked) {
    const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
    const states =
      status === 0
        ? stdout
            .split('\n')
            .map((line) => line.trim().split(/[ +]/)[0]!)
            .filter(Boolean)
        : [];
    if (states.length > 0) {
      const counts = new Map<string, number>();
      for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
      return [...counts];
    }
  }
  return [];
}

/** What a command of SLURM prints. */
function slurm(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error)
    throw badInput(
      `--on slurm needs ${command}, which is not here (${(error as NodeJS.ErrnoException).code}); run it on a machine of the cluster.`,
    );
  if (status !== 0)
    throw new CommandError(
      `${command} refused: ${shortened(printable(stderr.trim().replace(/\s+/g, ' ')), 300) || `code ${status}`}; correct that and submit again.`,
      EXIT.failed,
    );
  return stdout;
}
