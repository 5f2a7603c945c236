// What analyses on a set of prompts have in common: prompts or a set that were given, or repeats drawn where the model
// solves something; what is measured; and progress over all of it.
import * as z from 'zod/mini';
import { ArgumentError } from '../../errors/arguments.ts';
import type { MeasureName } from '../../model/measures/builtInMeasures.ts';
import type { Measure } from '../../model/measures/measure.ts';
import { asPartOf } from '../../model/measures/measureError.ts';
import { measureOf } from '../../model/measures/measuring.ts';
import type { Model } from '../../model/model.ts';
import { checkInstance, checkModel, checkOptions, commonFields, instanceSchema } from '../checks.ts';
import { scannedPeriods } from '../data/periods.ts';
import { PromptSet } from '../data/promptSet.ts';
import type { Prompts } from '../data/prompts.ts';
import { RepeatSet, setSize } from '../data/repeatSet.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { effectPeriods, periodsToMeasure, scanSize } from './effectPeriods.ts';

/** How much to measure, or on what. */
export interface OnSetOptions {
  /** Sequences in all, 96 by default. */
  readonly sequences?: number;
  /** Seed of the sequences that are drawn. */
  readonly seed?: number;
  /** Measures on these prompts instead of drawing repeats: no sequences and no seed then. */
  readonly prompts?: Prompts;
  /** What is measured: the loss by default. */
  readonly measure?: MeasureName | Measure;
  /** Measures on this set instead of drawing one; sequences, seed and measure are then the set's. */
  readonly set?: PromptSet;
  readonly onProgress?: OnProgress;
}

// What they may be is said by the checks that know the model.
export const promptFields: Readonly<Record<'prompts' | 'measure', z.ZodMiniType>> = {
  prompts: z.optional(instanceSchema),
  measure: z.optional(instanceSchema),
};

/** Throws an ArgumentError where a measure is none, or where two options say what is measured on. */
export function checkSources(caller: string, options: Omit<OnSetOptions, 'onProgress'>): void {
  if (options.measure !== undefined) measureOf(options.measure, caller);
  const [one, others] =
    options.set !== undefined ? ['set', ['prompts', 'measure'] as const] : ['prompts', ['sequences', 'seed'] as const];
  if (options[one as 'set' | 'prompts'] === undefined) return;
  const clash = others.find((field) => options[field] !== undefined);
  if (clash !== undefined)
    throw new ArgumentError(
      `${caller}: options.${clash} says nothing beside options.${one}, which has its own; leave one of them out.`,
    );
}

/** Throws an ArgumentError unless the options are these, and `fields`, and fit the model. */
export function checkOnSet(
  caller: string,
  { model, options, fields }: { model: Model; options: OnSetOptions; fields: Readonly<Record<string, z.ZodMiniType>> },
): void {
  checkModel(caller, model);
  const known = { ...commonFields, ...promptFields, ...fields, set: z.optional(instanceSchema) };
  checkOptions(caller, z.strictObject(known), options);
  checkSources(caller, options);
  const { set } = options;
  if (set === undefined) return;
  checkInstance(caller, { what: 'options.set', value: set }, PromptSet);
  if (set.model !== model)
    throw new ArgumentError(`${caller}: options.set belongs to another model; draw one with new RepeatSet(model, …).`);
  for (const field of ['sequences', 'seed'] as const)
    if (options[field] !== undefined && options[field] !== set[field])
      throw new ArgumentError(
        `${caller}: options.${field} is ${options[field]}, that of options.set is ${set[field]}; leave one of them out.`,
      );
}

/**
 * Measures on the set or the prompts that were given, or else on repeats drawn at the periods that the model solves. `runs`
 * is what it takes, in runs over the whole set.
 */
export function onSet<T>(
  caller: string,
  { model, options }: { model: Model; options: OnSetOptions },
  { runs, measure }: { runs: number; measure: (set: PromptSet) => T },
): T {
  const { prompts, measure: by = 'loss', onProgress } = options;
  const given = options.set ?? (prompts === undefined ? null : new PromptSet(model, { prompts, measure: by }, caller));
  const progress = new Progress(onProgress, given ? runs * given.size : 0);
  const set = given ?? drawSet(model, options, { runs, progress });
  const result = asPartOf({ caller }, () => set.reporting(progress, () => measure(set)));
  progress.finish();
  return result;
}

function drawSet(
  model: Model,
  { sequences = 96, seed = 0, measure = 'loss' }: OnSetOptions,
  { runs, progress }: { runs: number; progress: Progress },
): RepeatSet {
  const choosing = scanSize(model.config);
  const likely = effectPeriods([], scannedPeriods(model.config, 'RepeatSet'));
  const expected = (runs + 1) * setSize(model.config, likely, sequences);
  progress.expect(choosing + expected);
  const periods = periodsToMeasure(model, { seed, onProgress: progress.part(choosing) });
  const set = new RepeatSet(model, { sequences, seed, periods, measure });
  progress.expect((runs + 1) * set.size - expected);
  progress.add(set.size);
  return set;
}
