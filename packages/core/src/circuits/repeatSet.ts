// Sequences to measure interventions on: two copies of a block, several periods, with their clean losses.
import type { ModelConfig } from '../model/config.ts';
import { type HeadName, headOutput, type Intervention } from '../model/interventions.ts';
import type { Model } from '../model/model.ts';
import { mean } from './estimate.ts';
import { type PatternVisit, runPatterns } from './patternRuns.ts';
import { type ProbeOptions, repeatedProbe, spread, sweepPeriods } from './probes.ts';
import { solvedPeriods } from './verdict.ts';

/** Periods that effects are measured at. */
const PERIODS = 6;

export interface RepeatSetOptions {
  /** Sequences in all, a whole number of each period and at least two: resampling takes another one's. */
  readonly sequences: number;
  readonly seed: number;
  readonly heldOut?: boolean;
  readonly periods: readonly number[];
}

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

  constructor(model: Model, { sequences, seed, heldOut = false, periods }: RepeatSetOptions) {
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

  /** lossRepeat of each sequence under interventions. `visit` is shown every pattern, or those of `layer`, with its period. */
  losses(
    interventions: readonly Intervention[],
    visit?: (period: number, visit: PatternVisit) => void,
    options: { layer?: number } = {},
  ): Float64Array {
    return Float64Array.from(
      this.groups.flatMap(({ period, tokens }) => {
        const show = visit ? { visit: (pattern: PatternVisit): void => visit(period, pattern), ...options } : {};
        const losses = runPatterns(this.model, tokens, { interventions, ...show });
        return losses.map((loss) => mean(loss.subarray(period, 2 * period - 1)));
      }),
    );
  }

  /** The sequences of each period, and the queries [from, to) at which the repeat can be predicted. */
  batches(): { period: number; tokens: readonly Int32Array[]; queries: readonly [number, number] }[] {
    return this.groups.map(({ period, tokens }) => ({ period, tokens, queries: [period, 2 * period - 1] }));
  }

  /** Sets a head's z to its mean over all sequences and positions of this set, its periods weighted evenly. */
  meanAblate(head: HeadName): Intervention {
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
    for (const { tokens } of this.groups) {
      const { cache } = this.model.runWithCache(tokens, { names: 'blocks.*.attn.hook_z' });
      for (const [layer, heads] of means) {
        const { data } = cache.get(`blocks.${layer}.attn.hook_z`);
        const rows = data.length / (nHeads * dHead);
        data.forEach((x, i) => {
          heads[Math.floor(i / dHead) % nHeads]![i % dHead]! += x / (rows * this.groups.length);
        });
      }
    }
    return means;
  }
}

/**
 * The periods at which effects on a model mean something: at most six of those it solves, evenly spread, and of all where
 * it solves none. A quick sweep; the audit has a closer one.
 */
export function periodsToMeasure(model: Model, { seed, count = 8 }: { seed: number; count?: number }): number[] {
  const { config } = model;
  const all = sweepPeriods(config);
  const losses = all.map((period) => ({ period, lossRepeat: sweptLoss(model, { config, count, seed }, period) }));
  return effectPeriods(solvedPeriods(losses, Math.log(config.dVocab) / 2).solved, all);
}

/** At most six of the solved periods, evenly spread; of all where none is solved. */
export const effectPeriods = (solved: readonly number[], all: readonly number[]): number[] =>
  spread(solved.length > 0 ? solved : all, PERIODS);

function sweptLoss(model: Model, probe: ProbeOptions & { config: ModelConfig }, period: number): number {
  return mean(
    runPatterns(model, repeatedProbe(probe, period), {}).map((l) => mean(l.subarray(period, 2 * period - 1))),
  );
}
