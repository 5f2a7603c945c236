// The result of a job as one JSON file: what was measured, by what it was measured, and the hash by which two machines
// compare.
import { checkArgument } from '@induction-lab/core/internal';
import * as z from 'zod/mini';
import { type Provenance, provenance } from '../../files/provenance.ts';
import { canonicalJson, type Job, sha256 } from './job.ts';
import type { Measured } from './measureRun.ts';

export interface JobResult extends Provenance {
  readonly job: string;
  readonly seed: number;
  /** Of training and measuring on the machine that did it; of a job that was resumed, since then. */
  readonly seconds: number;
  readonly measured: Measured;
  /** SHA-256 of `measured`: with the plain-SIMD build the same on every machine. */
  readonly sha256: string;
}

/** A job that could not be done, in one sentence. */
export interface JobFailure extends Provenance {
  readonly job: string;
  readonly seed: number;
  readonly error: string;
}

/** Numbers that are not finite become null, as in every record. */
export function jobResult({ id, seed, backend }: Job, given: Measured, { seconds }: { seconds: number }): JobResult {
  const measured = JSON.parse(JSON.stringify(given)) as Measured;
  return { ...provenance(backend), job: id, seed, seconds, measured, sha256: sha256(canonicalJson(measured)) };
}

export const jobFailure = ({ id, seed, backend }: Job, error: string): JobFailure => ({
  ...provenance(backend),
  job: id,
  seed,
  error,
});

const common = {
  schemaVersion: z.literal(1),
  versions: z.object({ inductionLab: z.string(), node: z.string() }),
  commit: z.nullable(z.string()),
  backend: z.enum(['relaxed', 'simd', 'reference']),
  kernels: z.int(),
  job: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  seed: z.int(),
};
const resultSchema = z.object({
  ...common,
  seconds: z.number(),
  measured: z.looseObject({ weights: z.string() }),
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});
const failureSchema = z.object({ ...common, error: z.string() });

/** Checks a result that came from outside, its hash included. Throws an ArgumentError or an Error that says what is wrong. */
export function checkJobResult(value: unknown, from: string): JobResult {
  checkArgument(from, 'the result', resultSchema, value);
  const result = value as JobResult;
  if (sha256(canonicalJson(result.measured)) !== result.sha256)
    throw new Error(`${from}: the result does not match its own hash; remove it, and its run is done again.`);
  return result;
}

export function checkJobFailure(value: unknown, from: string): JobFailure {
  checkArgument(from, 'the failure', failureSchema, value);
  return value as JobFailure;
}

/** The program that a result comes from, in a few words: "0.1.0 at 1a2b3c4d, kernels 5, simd". */
export const programText = ({ versions, commit, kernels, backend }: Provenance): string =>
  `${versions.inductionLab}${commit === null ? '' : ` at ${commit.slice(0, 8)}`}, kernels ${kernels}, ${backend}`;
