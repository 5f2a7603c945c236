// sweep.json: the sweep spelled out, and by which version of the program it was planned.

import { checkArgument } from '@induction-lab/core/internal';
import { quoted } from '@induction-lab/core/internal/printable';
import { ArgumentError, TOKEN_TYPES } from '@induction-lab/core/node';
import * as z from 'zod/mini';
import { badInput } from '../../errors.ts';
import { type Provenance, SCHEMA_VERSION } from '../../files/provenance.ts';
import { measurementsSchema } from '../definition/measurements.ts';
import type { Sweep } from '../definition/sweep.ts';

export interface SweepRecord extends Provenance {
  readonly sweep: Sweep;
}

const fields = z.record(z.string(), z.unknown());
const recordSchema = z.object({
  versions: z.object({ inductionLab: z.string(), node: z.string() }),
  commit: z.nullable(z.string()),
  backend: z.enum(['relaxed', 'simd', 'reference']),
  kernels: z.int(),
  sweep: z.object({
    name: z.string(),
    about: z.string(),
    base: fields,
    grids: z.array(
      z.object({
        name: z.string(),
        set: fields,
        axes: z.array(z.object({ name: z.string(), settings: z.array(z.object({ label: z.string(), set: fields })) })),
      }),
    ),
    seeds: z.array(z.int()),
    measure: measurementsSchema,
    backend: z.enum(['relaxed', 'simd', 'reference']),
    data: z.nullable(z.object({ path: z.string(), sha256: z.string(), dtype: z.optional(z.enum(TOKEN_TYPES)) })),
  }),
});

/** The record from parsed JSON; `path` is what to call the file. Throws a CommandError that names the field. */
export function parseSweepRecord(json: unknown, path: string): SweepRecord {
  const version = (json as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (version !== SCHEMA_VERSION)
    throw badInput(
      `${path} has schemaVersion ${quoted(version)}, this version reads ${SCHEMA_VERSION}; use the version that wrote it.`,
    );
  try {
    checkArgument(path, 'the record', recordSchema, json);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw badInput(error.message.replace(/\.$/, '; put back what sweep wrote.'));
  }
  return json as SweepRecord;
}
