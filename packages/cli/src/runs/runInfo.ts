// run.json: what ran, where, how far, and how it is logged. Whatever somebody did to it by hand is told by field.

import { checkArgument, LONGEST_NAME, SEGMENT_NAME } from '@induction-lab/core/internal';
import { quoted } from '@induction-lab/core/internal/printable';
import {
  ArgumentError,
  type Backend,
  type DataOrigin,
  type Experiment,
  type Segment,
  TOKEN_TYPES,
} from '@induction-lab/core/node';
import type { GpuInfo } from '@induction-lab/core/node-gpu';
import * as z from 'zod/mini';
import { badInput } from '../errors.ts';
import { SCHEMA_VERSION } from '../files/provenance.ts';
import { readExperiment } from '../files/readExperiment.ts';
import type { AskedGpu } from './gpuChoice.ts';

/** How a run is logged and carried out: what `--resume` goes on with. */
export interface RunOptions {
  readonly csv: boolean;
  readonly perPosition: boolean;
  /** Log head scores every so many steps; 0 for never. */
  readonly scoresEvery: number;
  /** Keep a checkpoint every so many steps, besides those at growing distances; 0 for only those. */
  readonly checkpointEvery: number;
  /** Threads that were asked for; null where nobody said how many. */
  readonly threads: number | null;
  /** Asked for: a GPU, or one of that name. Absent where nobody did. */
  readonly gpu?: AskedGpu | undefined;
}

/** Data that a run trains on, where that is no task. */
export interface DataInfo extends DataOrigin {
  /** What its losses are told by. */
  readonly segments: readonly Segment[];
}

/** run.json. Optional fields are of later versions of the program. */
export interface RunInfo {
  readonly schemaVersion: number;
  readonly name: string;
  readonly experiment: Experiment;
  readonly data?: DataInfo | null | undefined;
  readonly seed: number;
  readonly backend: Backend;
  /** Version of the kernels that it went on with last; 1 where none is named. */
  readonly kernels?: number | undefined;
  /** Earlier versions that trained some of its steps; null where there were none. */
  readonly earlierKernels?: readonly number[] | null | undefined;
  readonly threads: number;
  /** The GPU that trained it last, if any did. */
  readonly gpu?: GpuInfo | undefined;
  readonly versions: { readonly inductionLab: string; readonly node: string };
  /** Of the program's checkout; null where it is installed as a package. */
  readonly commit?: string | null | undefined;
  readonly platform: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly status: 'running' | 'done' | 'stopped' | 'failed';
  readonly step: number;
  /** Seconds of training, all sessions together, scores and checkpoints included. */
  readonly seconds: number;
  readonly options?: Partial<RunOptions> | undefined;
  /** The last checkpoint written: its name, and the SHA-256 of its bytes as hexadecimals. */
  readonly checkpoint?: { readonly file: string; readonly sha256: string } | null | undefined;
  /** Where head scores could not be measured first, and why; null where they always could. */
  readonly scoresLeftOut?: { readonly step: number; readonly reason: string } | null | undefined;
}

const whole = (least: number): z.ZodMiniNumber => z.int().check(z.minimum(least));

/** Fields that are not here are of a later version, and no business of this one. */
const RunInfoSchema = z.object({
  name: z.string().check(z.maxLength(LONGEST_NAME)),
  data: z.optional(
    z.nullable(
      z.object({
        path: z.string(),
        sha256: z.string(),
        dtype: z.optional(z.enum(TOKEN_TYPES)),
        segments: z.array(
          z.object({
            name: z.string().check(z.regex(SEGMENT_NAME)),
            title: z.string(),
            predictable: z.optional(z.literal(true)),
            single: z.optional(z.literal(true)),
          }),
        ),
      }),
    ),
  ),
  seed: whole(0),
  backend: z.enum(['relaxed', 'simd', 'reference']),
  kernels: z.optional(whole(1)),
  earlierKernels: z.optional(z.nullable(z.array(whole(1)))),
  threads: whole(1),
  gpu: z.optional(z.object({ adapter: z.string(), driver: z.string() })),
  versions: z.object({ inductionLab: z.string(), node: z.string() }),
  commit: z.optional(z.nullable(z.string())),
  platform: z.string(),
  startedAt: z.string(),
  finishedAt: z.nullable(z.string()),
  status: z.enum(['running', 'done', 'stopped', 'failed']),
  step: whole(0),
  seconds: z.number().check(z.minimum(0)),
  options: z.optional(
    z.object({
      csv: z.optional(z.boolean()),
      perPosition: z.optional(z.boolean()),
      scoresEvery: z.optional(whole(0)),
      checkpointEvery: z.optional(whole(0)),
      threads: z.optional(z.nullable(whole(1))),
      gpu: z.optional(z.union([z.literal(true), z.string()])),
    }),
  ),
  checkpoint: z.optional(z.nullable(z.object({ file: z.string(), sha256: z.string() }))),
  scoresLeftOut: z.optional(z.nullable(z.object({ step: whole(0), reason: z.string() }))),
});

/** The record of a run from parsed JSON; `path` is what to call the file. Throws a CommandError that names the field. */
export function parseRunInfo(json: unknown, path: string): RunInfo {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw badInput(`${path} must be the record of a run, an object, got ${quoted(json)}; put back what train wrote.`);
  const version = (json as { schemaVersion?: unknown }).schemaVersion;
  if (version !== SCHEMA_VERSION)
    throw badInput(
      `${path} has schemaVersion ${quoted(version)}, this version reads ${SCHEMA_VERSION}; use the version that wrote it.`,
    );
  const experiment = readExperiment((json as RunInfo).experiment, path);
  try {
    checkArgument(path, 'the record', RunInfoSchema, json);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw badInput(error.message.replace(/\.$/, '; put back what train wrote.'));
  }
  const info = json as RunInfo;
  if (info.step > experiment.training.steps)
    throw badInput(
      `${path}: step (${info.step}) is beyond the experiment's last, ${experiment.training.steps}; put back what train wrote.`,
    );
  return { ...info, experiment };
}
