import * as z from 'zod/mini';
import { ArgumentError, checkArgument } from '../errors/arguments.ts';
import type { BlockPlace } from './blocks.ts';
import type { ScatteredPlace } from './scattered.ts';
import type { Queries } from './segments.ts';
import { taskSource } from './source.ts';
import { taskSchema } from './taskSchema.ts';
import { type Task, taskComplaint } from './tasks.ts';

/** Where things lie in a sequence of a task. */
export type PlaceOf<T extends Task> = T extends { kind: 'scattered' } ? ScatteredPlace : BlockPlace;

/** The most tokens of a vocabulary: they are 32-bit integers, and targets need as many again below zero. */
const MOST_TOKENS = 2 ** 31 - 2;

const whole = (least: number): z.ZodMiniNumber => z.int().check(z.minimum(least));

const BatchOptions = z.strictObject({
  task: taskSchema((schema, { optional }) => (optional ? z.optional(schema) : schema)),
  seed: whole(0),
  step: whole(0),
  batch: whole(1),
  dVocab: whole(1).check(z.maximum(MOST_TOKENS)),
  length: whole(1),
});

/** Sequences of one step, and what is known of them. */
export interface Batch<T extends Task> {
  /** [sequence][position] */
  readonly tokens: Int32Array[];
  /** Where things lie in each sequence. */
  readonly places: PlaceOf<T>[];
  /** [sequence][segment]: the queries of each of the task's segments, by name. */
  readonly segments: Readonly<Record<string, Queries>>[];
}

/**
 * A batch as training draws it at `step`, with the places of what it is made of and the queries of its segments. Throws an
 * ArgumentError for an option that cannot be meant, and for a task that sequences of this length and vocabulary cannot be of.
 * @param options.batch How many sequences.
 * @param options.dVocab Tokens of the vocabulary.
 * @param options.length Tokens of each sequence.
 * @param options.seed The run's seed.
 */
export function makeBatch<T extends Task>(options: {
  task: T;
  seed: number;
  step: number;
  batch: number;
  dVocab: number;
  length: number;
}): Batch<T> {
  checkArgument('makeBatch', 'options', BatchOptions, options);
  const { task, dVocab, length, batch, step } = options;
  const complaint = taskComplaint(task, { dVocab, length });
  if (complaint !== null)
    throw new ArgumentError(
      `makeBatch: options.${complaint.replace('model.nCtx', 'options.length').replace('model.dVocab', 'options.dVocab')}`,
    );
  const source = taskSource({ ...options, lossOn: 'all' });
  const tokens = Array.from({ length: batch }, () => new Int32Array(length));
  const targets = new Int32Array(length);
  const drawn = tokens.map((sequence, s) => source.fill(step, s, sequence, targets));
  return {
    tokens,
    places: drawn.map(({ place }) => place as PlaceOf<T>),
    segments: drawn.map(({ segments }) =>
      Object.fromEntries(source.segments.map(({ name }, i) => [name, segments[i] as Queries])),
    ),
  };
}
