// What analyses on a set of repeats have in common: a set that was given or one drawn where the model solves something,
// and progress over both.
import * as z from 'zod/mini';
import { ArgumentError } from '../../errors/arguments.ts';
import type { Model } from '../../model/model.ts';
import { checkInstance, checkModel, checkOptions, commonFields, instanceSchema } from '../checks.ts';
import { scannedPeriods } from '../data/periods.ts';
import { RepeatSet, setSize } from '../data/repeatSet.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { effectPeriods, periodsToMeasure, scanSize } from './effectPeriods.ts';

/** How much to measure, or on what. */
export interface OnSetOptions {
  /** Sequences in all, 96 by default. */
  readonly sequences?: number;
  readonly seed?: number;
  /** Measures on this set instead of drawing one; sequences and seed are then the set's. */
  readonly set?: RepeatSet;
  readonly onProgress?: OnProgress;
}

/** Throws an ArgumentError unless the options are these, and `fields`, and fit the model. */
export function checkOnSet(
  caller: string,
  { model, options, fields }: { model: Model; options: OnSetOptions; fields: Readonly<Record<string, z.ZodMiniType>> },
): void {
  checkModel(caller, model);
  checkOptions(caller, z.strictObject({ ...commonFields, ...fields, set: z.optional(instanceSchema) }), options);
  const { set } = options;
  if (set === undefined) return;
  checkInstance(caller, { what: 'options.set', value: set }, RepeatSet);
  if (set.model !== model)
    throw new ArgumentError(`${caller}: options.set belongs to another model; draw one with new RepeatSet(model, …).`);
  for (const field of ['sequences', 'seed'] as const)
    if (options[field] !== undefined && options[field] !== set[field])
      throw new ArgumentError(
        `${caller}: options.${field} is ${options[field]}, that of options.set is ${set[field]}; leave one of them out.`,
      );
}

/**
 * Measures on the set that was given, or else on one drawn at the periods that the model solves. `runs` is what it takes,
 * in runs over the whole set.
 */
export function onSet<T>(
  model: Model,
  options: OnSetOptions,
  { runs, measure }: { runs: number; measure: (set: RepeatSet) => T },
): T {
  const progress = new Progress(options.onProgress, options.set ? runs * options.set.size : 0);
  const set = options.set ?? drawSet(model, options, { runs, progress });
  const result = set.reporting(progress, () => measure(set));
  progress.finish();
  return result;
}

function drawSet(
  model: Model,
  { sequences = 96, seed = 0 }: OnSetOptions,
  { runs, progress }: { runs: number; progress: Progress },
): RepeatSet {
  const choosing = scanSize(model.config);
  const likely = effectPeriods([], scannedPeriods(model.config, 'RepeatSet'));
  const expected = (runs + 1) * setSize(model.config, likely, sequences);
  progress.expect(choosing + expected);
  const periods = periodsToMeasure(model, { seed, onProgress: progress.part(choosing) });
  const set = new RepeatSet(model, { sequences, seed, periods });
  progress.expect((runs + 1) * set.size - expected);
  progress.add(set.size);
  return set;
}
