// Sequences to measure interventions on: two copies of a block, several periods, with their clean losses.

import * as z from 'zod/mini';
import type { ModelConfig } from '../../model/config.ts';
import { checkHead, type HeadIndex } from '../../model/heads.ts';
import { headOutput, type Intervention } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { checkModel, checkOptions, checkPeriods, seedSchema, sequencesSchema } from '../checks.ts';
import { checkNumbers } from '../finite.ts';
import type { Progress } from '../progress.ts';
import { type PatternVisit, runPatterns } from './patternRuns.ts';
import { type ProbeOptions, repeatedProbe } from './probes.ts';
import { sequencesTogether, slices } from './slices.ts';
import { lossOnRepeat, repeatQueries, type StripePlace, twoCopies } from './twoCopies.ts';

export interface RepeatSetOptions {
  /** Sequences in all, a whole number of each period and at least two: resampling takes another one's. */
  readonly sequences: number;
  readonly seed: number;
  readonly heldOut?: boolean;
  readonly periods: readonly number[];
}

const optionsSchema = z.strictObject({
  sequences: sequencesSchema,
  seed: seedSchema,
  heldOut: z.optional(z.boolean()),
  periods: z.array(z.int()),
});

/** Sequences of a period that run together, and the queries [from, to) at which the repeat can be predicted. */
export interface RepeatBatch {
  readonly period: number;
  readonly tokens: readonly Int32Array[];
  readonly queries: readonly [from: number, to: number];
}

/** Sequences whose repeats are measured, and their clean losses. */
export class RepeatSet {
  readonly model: Model;
  readonly periods: readonly number[];
  /** Sequences in all: at least as many as asked for. */
  readonly sequences: number;
  readonly seed: number;
  /** lossRepeat of each sequence, nats; those of each period in turn. */
  readonly clean: Float64Array;
  private readonly groups: readonly { readonly period: number; readonly tokens: readonly Int32Array[] }[];
  private means: Map<number, readonly number[][]> | null = null;
  private progress: Progress | null = null;

  /**
   * Draws the sequences and runs them once. Throws an ArgumentError when two copies of a block do not fit the context, a
   * NotFiniteError when a loss is not finite.
   */
  constructor(model: Model, options: RepeatSetOptions) {
    checkModel('RepeatSet', model);
    checkOptions('RepeatSet', optionsSchema, options);
    const { sequences, seed, heldOut = false, periods } = options;
    checkPeriods('RepeatSet', periods, { config: model.config });
    const probe: ProbeOptions = {
      config: model.config,
      count: Math.max(2, Math.ceil(sequences / periods.length)),
      seed,
      heldOut,
    };
    this.model = model;
    this.periods = periods;
    this.seed = seed;
    this.sequences = probe.count * periods.length;
    this.groups = periods.map((period) => ({ period, tokens: repeatedProbe(probe, period) }));
    this.clean = this.losses([]);
  }

  /** Tokens of one run over the whole set. */
  get size(): number {
    return this.groups.reduce((sum, { period, tokens }) => sum + this.place(period).length * tokens.length, 0);
  }

  /** Where the two copies of that period lie in its sequences. */
  place(period: number): StripePlace {
    return twoCopies(this.model.config, period);
  }

  /** Tells of every run of this set while `work` lasts. */
  reporting<T>(progress: Progress, work: () => T): T {
    const outer = this.progress;
    this.progress = progress;
    try {
      return work();
    } finally {
      this.progress = outer;
    }
  }

  /** lossRepeat of each sequence under interventions. `visit` is shown every pattern, or those of `layer`, with its period. */
  losses(
    interventions: readonly Intervention[],
    { visit, layer }: { visit?: (period: number, visit: PatternVisit) => void; layer?: number } = {},
  ): Float64Array {
    const chosen = layer === undefined ? {} : { layer };
    return Float64Array.from(
      this.groups.flatMap(({ period, tokens }) => {
        const show = visit ? { visit: (pattern: PatternVisit): void => visit(period, pattern), ...chosen } : {};
        const losses = runPatterns(this.model, tokens, { interventions, progress: this.progress, ...show });
        return losses.map((loss) => lossOnRepeat(loss, this.place(period)));
      }),
    );
  }

  /** The sequences of each period in slices that fit memory, in order: one slice a period unless there are many. */
  batches(): RepeatBatch[] {
    return this.groups.flatMap(({ period, tokens }) =>
      slices(tokens, sequencesTogether(this.model.config, this.place(period).length)).map(
        (slice): RepeatBatch => ({ period, tokens: slice, queries: repeatQueries(this.place(period)) }),
      ),
    );
  }

  /** Counts a run of one of its batches towards what `reporting` tells. */
  ran({ tokens, period }: RepeatBatch): void {
    this.progress?.add(this.place(period).length * tokens.length);
  }

  /** Sets a head's z to its mean over all sequences and positions of this set, its periods weighted evenly. */
  meanAblate(head: HeadIndex): Intervention {
    checkHead(this.model.config, head, 'RepeatSet.meanAblate');
    this.means ??= this.measureMeans();
    return { kind: 'meanAblate', ...headOutput(head), mean: this.means.get(head.layer)![head.head]! };
  }

  private measureMeans(): Map<number, number[][]> {
    const { nLayers, nHeads, dHead } = this.model.config;
    const means = new Map<number, number[][]>();
    for (let layer = 0; layer < nLayers; layer++)
      means.set(
        layer,
        Array.from({ length: nHeads }, () => new Array<number>(dHead).fill(0)),
      );
    const inAll = new Map(this.groups.map(({ period, tokens }) => [period, tokens.length * this.place(period).length]));
    for (const { period, tokens } of this.batches()) {
      const { cache } = this.model.runWithCache(tokens, { names: 'blocks.*.attn.hook_z' });
      const share = (inAll.get(period) as number) * this.groups.length;
      for (const [layer, heads] of means) {
        const { data } = cache.get(`blocks.${layer}.attn.hook_z`);
        data.forEach((x, i) => {
          heads[Math.floor(i / dHead) % nHeads]![i % dHead]! += x / share;
        });
      }
    }
    for (const [layer, heads] of means)
      for (const mean of heads) checkNumbers(`the mean of "blocks.${layer}.attn.hook_z" is`, mean);
    return means;
  }
}

/** Tokens of a set of so many sequences in all. */
export const setSize = (config: ModelConfig, periods: readonly number[], sequences: number): number =>
  periods.reduce(
    (sum, period) => sum + twoCopies(config, period).length * Math.max(2, Math.ceil(sequences / periods.length)),
    0,
  );
