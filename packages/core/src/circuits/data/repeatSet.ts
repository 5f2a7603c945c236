// Repeats to measure interventions on: two copies of a block, several periods.
import * as z from 'zod/mini';
import type { ModelConfig } from '../../model/config.ts';
import type { Intervention } from '../../model/interventions/interventions.ts';
import type { MeasureName } from '../../model/measures/builtInMeasures.ts';
import type { Measure } from '../../model/measures/measure.ts';
import type { Model } from '../../model/model.ts';
import { checkModel, checkOptions, checkPeriods, seedSchema, sequencesSchema } from '../checks.ts';
import { PromptSet } from './promptSet.ts';
import { repeatPrompts } from './repeatPrompts.ts';
import { periodOfLength, repeatQueries, type StripePlace, twoCopies } from './twoCopies.ts';

/** Which repeats are drawn, and how many. */
export interface RepeatSetOptions {
  /** Sequences in all, a whole number of each period and at least two: resampling takes another one's. */
  readonly sequences: number;
  /** Seed of the sequences that are drawn. */
  readonly seed: number;
  /** Tokens that no sequence may hold. */
  readonly heldOut?: boolean;
  /** Periods of the repeats, in tokens, each with as many sequences. */
  readonly periods: readonly number[];
  /** What is measured: the loss by default. The wrong answer is the token of the block after the right one. */
  readonly measure?: MeasureName | Measure;
}

const optionsSchema = z.strictObject({
  sequences: sequencesSchema,
  seed: seedSchema,
  heldOut: z.optional(z.boolean()),
  periods: z.array(z.int()),
  measure: z.optional(z.unknown()),
});

/** Sequences of a period that run together, and the queries [from, to) at which the repeat can be predicted. */
export interface RepeatBatch {
  /** The period of all of them. */
  readonly period: number;
  /** The sequences: [sequence][position]. */
  readonly tokens: readonly Int32Array[];
  /** The queries of the repeat, [from, to). */
  readonly queries: readonly [from: number, to: number];
}

/** The prompts of `repeatPrompts`, and lossRepeat of each of them unless something else is measured. */
export class RepeatSet extends PromptSet {
  override readonly periods: readonly number[];
  /** The seed that the sequences were drawn from. */
  override readonly seed: number;

  /**
   * Draws the sequences and runs them once: at least as many as asked for, those of each period in turn. Throws an
   * ArgumentError when two copies of a block do not fit the context, a NotFiniteError when a loss is not finite.
   */
  constructor(model: Model, options: RepeatSetOptions) {
    checkModel('RepeatSet', model);
    checkOptions('RepeatSet', optionsSchema, options);
    const { sequences, seed, heldOut = false, periods, measure = 'loss' } = options;
    checkPeriods('RepeatSet', periods, { config: model.config });
    const count = Math.max(2, Math.ceil(sequences / periods.length));
    const prompts = repeatPrompts({ config: model.config, count, seed, heldOut }, periods);
    super(model, { prompts, measure }, 'RepeatSet');
    this.periods = periods;
    this.seed = seed;
  }

  /** lossRepeat of each sequence under interventions: `measured` by its name for repeats. */
  losses(interventions: readonly Intervention[]): Float64Array {
    return this.measured(interventions);
  }

  /**
   * The period of a sequence.
   * @param sequence Which of the set's.
   * @returns Tokens.
   */
  periodOf(sequence: number): number {
    return periodOfLength(this.model.config, this.prompts[sequence]!.tokens.length);
  }

  /**
   * Where the two copies of that period lie in its sequences.
   * @param period One of the set's.
   */
  place(period: number): StripePlace {
    return twoCopies(this.model.config, period);
  }

  /** Its slices, in terms of periods. */
  batches(): RepeatBatch[] {
    return this.slices().map(({ tokens, length }) => {
      const period = periodOfLength(this.model.config, length);
      return { period, tokens: tokens as readonly Int32Array[], queries: repeatQueries(this.place(period)) };
    });
  }
}

/** Tokens of a set of so many sequences in all. */
export const setSize = (config: ModelConfig, periods: readonly number[], sequences: number): number =>
  periods.reduce(
    (sum, period) => sum + twoCopies(config, period).length * Math.max(2, Math.ceil(sequences / periods.length)),
    0,
  );
