// A job: one run of a sweep as data, by which any process on any machine does the same. Its id is the SHA-256 of all that
// decides its result.
import { createHash } from 'node:crypto';
import { checkArgument } from '@induction-lab/core/internal';
import {
  type Backend,
  type DataOrigin,
  type Experiment,
  KERNELS_VERSION,
  parseExperiment,
  TOKEN_TYPES,
} from '@induction-lab/core/node';
import * as z from 'zod/mini';
import { VERSION } from '../../version.ts';
import { type Measurements, measurementsSchema } from '../definition/measurements.ts';

export interface Job {
  readonly id: string;
  readonly experiment: Experiment;
  readonly seed: number;
  readonly measure: Measurements;
  readonly data: DataOrigin | null;
  readonly backend: Backend;
  /** Version of the kernels, and of the program. */
  readonly kernels: number;
  readonly program: string;
}

/** The same value as text whatever the order in which its fields were written. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, x: unknown) =>
    typeof x === 'object' && x !== null && !Array.isArray(x)
      ? Object.fromEntries(Object.entries(x).sort(([a], [b]) => (a < b ? -1 : 1)))
      : x,
  );
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * Makes the job of a run with this program. Names and descriptions of the experiment, and where its data lies, decide
 * nothing and are left out of the id.
 */
export function jobOf(given: Pick<Job, 'experiment' | 'seed' | 'measure' | 'data' | 'backend'>): Job {
  const job = { ...given, kernels: KERNELS_VERSION, program: VERSION };
  return { id: idOf(job), ...job };
}

function idOf({ experiment, data, ...rest }: Omit<Job, 'id'>): string {
  const { name: _, about: __, ...deciding } = experiment;
  const from = data === null ? null : { sha256: data.sha256, dtype: data.dtype ?? null };
  return sha256(canonicalJson({ ...rest, experiment: deciding, data: from }));
}

const jobSchema = z.strictObject({
  id: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  experiment: z.looseObject({}),
  seed: z.int().check(z.minimum(0)),
  measure: measurementsSchema,
  data: z.nullable(z.strictObject({ path: z.string(), sha256: z.string(), dtype: z.optional(z.enum(TOKEN_TYPES)) })),
  backend: z.enum(['relaxed', 'simd', 'reference']),
  kernels: z.int().check(z.minimum(1)),
  program: z.string(),
});

/** A job from outside, checked in every field. Throws an ArgumentError, or an ExperimentError; `from` is who gave it. */
export function readJob(value: unknown, from: string): Job {
  checkArgument(from, 'the job', jobSchema, value);
  const job = value as Job;
  const checked = { ...job, experiment: parseExperiment(job.experiment) };
  const { id, ...rest } = checked;
  if (idOf(rest) !== id) throw new Error(`${from}: the job’s id is not that of its contents; push the sweep again.`);
  return checked;
}
