// A part of a sweep, for systems that start the same command many times and number it: SLURM arrays, Kubernetes Indexed Jobs.
import { InvalidArgumentError } from 'commander';
import { badInput } from '../../errors.ts';
import type { Entry } from '../jobs/plan.ts';

export interface Part {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

/** Reads "3/8". Throws an InvalidArgumentError. */
export function readPart(text: string): Part {
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (index === undefined || of === undefined || index < 1 || index > of)
    throw new InvalidArgumentError('It must look like 3/8: the third of eight parts.');
  return { index: index - 1, of };
}

/**
 * The part that was asked for, or that a system has numbered: SLURM_ARRAY_TASK_ID counts from SLURM_ARRAY_TASK_MIN, of
 * SLURM_ARRAY_TASK_COUNT or `parts`; JOB_COMPLETION_INDEX from 0, of `parts`. Null where the whole sweep is meant.
 */
export function chosenPart(
  { part, parts }: { part?: Part | undefined; parts?: number | undefined },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Part | null {
  if (part) return part;
  const found = (['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX'] as const).find((name) => env[name] !== undefined);
  if (!found) {
    if (parts === undefined) return null;
    throw badInput(
      '--parts says of how many, and neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX which one; name it with --part 1/N.',
    );
  }
  const slurm = found === 'SLURM_ARRAY_TASK_ID';
  const of = parts ?? (slurm ? number(env, 'SLURM_ARRAY_TASK_COUNT') : null);
  if (of === null) throw badInput(`${found} is ${env[found]}, of how many nobody says; add --parts N.`);
  // With --parts an index is absolute, so that some elements of an array can be started again by themselves.
  const index = number(env, found)! - (slurm && parts === undefined ? (number(env, 'SLURM_ARRAY_TASK_MIN') ?? 0) : 0);
  if (index < 0 || index >= of)
    throw badInput(
      `${found} is ${env[found]}, beyond the ${of} parts that there are, counted from 0; correct --parts or the array.`,
    );
  return { index, of };
}

function number(env: Readonly<Record<string, string | undefined>>, name: string): number | null {
  const text = env[name];
  if (text === undefined) return null;
  if (!/^\d+$/.test(text))
    throw badInput(`${name} is "${text}", not a whole number; unset it, or name the part with --part.`);
  return Number(text);
}

/** Every so-manieth job: neighbours, which take the same time, go to different parts. */
export function entriesOfPart(entries: readonly Entry[], { index, of }: Part): Entry[] {
  const jobs = [...new Set(entries.map(({ job }) => job))];
  const mine = new Set(jobs.filter((_, i) => i % of === index));
  return entries.filter(({ job }) => mine.has(job));
}
