// Every head's scores on fresh sequences, each with its chance level and a bootstrap interval over sequences.
import * as z from 'zod/mini';
import { headLabel, type ModelConfig } from '../../model/config.ts';
import { allHeads } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { checkModel, checkOptions, commonFields } from '../checks.ts';
import {
  controlProbe,
  fourfoldBlock,
  fourfoldProbe,
  type ProbeOptions,
  repeatedProbe,
  spread,
  sweepPeriods,
} from '../data/probes.ts';
import { asAnalysed } from '../lengths.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { type Estimate, estimate, mean } from '../statistics/estimate.ts';
import { runPatterns, type Weight } from './patternRuns.ts';
import {
  contentMayAct,
  contentScore,
  currentTokenScore,
  firstTokenScore,
  inductionStripe,
  meanAlong,
  meanAlongCounted,
  prefixMatchingScore,
  previousTokenScore,
  uniformAlong,
  uniformWeight,
} from './scores.ts';

/** Names of the scores that are means over sequences; scores.ts has their definitions. */
export type ScoreName =
  | 'previousToken'
  | 'previousTokenFirstHalf'
  | 'currentToken'
  | 'firstToken'
  | 'duplicateToken'
  | 'inductionStripe'
  | 'inductionStripeControl'
  | 'inductionByContent'
  | 'inductionExcess'
  | 'prefixMatching';

/** One head's scores (docs/scores.md defines each). */
export type HeadScores = Readonly<Record<ScoreName, Estimate>> & {
  /** L0H3 */
  readonly label: string;
  readonly layer: number;
  readonly head: number;
  /** On the control: the offset d ≥ 2 with the largest mean of pattern[q, q − d] above chance. */
  readonly positionalOffset: { readonly offset: number; readonly estimate: Estimate; readonly aboveChance: number };
  /** Σ (mean A)² / Σ mean(A²) over sequences of the control, unbiased: 1 when the pattern does not depend on the tokens. */
  readonly positionality: number;
  /** Attention to q − P + 1 on two copies of a block, minus the same cells on the control, for every period of the sweep. */
  readonly excessByPeriod: readonly number[];
  /** Mean of pattern[q, q − d] on the control minus chance, for d = 0, 1, … T/2. */
  readonly offsetsAboveChance: readonly number[];
};

/** The scores of all heads of a model, and what they were measured on. */
export interface HeadScoresRecord {
  readonly heads: readonly HeadScores[];
  /** What uniform attention scores. */
  readonly chance: Readonly<Record<ScoreName, number>>;
  /** Tokens of the longest sequences: the context, or, where that is very long, the length that was analysed instead. */
  readonly length: number;
  /** Periods of the sweep, and the one that the stripe scores use: the longest, half the context in a large vocabulary. */
  readonly periods: readonly number[];
  readonly stripePeriod: number;
  /** Block length of the prefix-matching probe, repeated four times. */
  readonly prefixMatchingBlock: number;
  readonly sequences: number;
  readonly seed: number;
}

/** How much to measure: sequences, their seed, periods. */
export interface ScoreOptions {
  /** Sequences of each probe. */
  readonly sequences?: number;
  readonly seed?: number;
  /** Sweep only about so many periods, evenly spread: for scores logged during training. */
  readonly mostPeriods?: number;
  readonly onProgress?: OnProgress;
}

const scoreSchema = z.strictObject({ ...commonFields, mostPeriods: z.optional(z.int().check(z.gte(1))) });

/** Throws an ArgumentError unless it is a model, and the options say how much to measure. */
export function checkScoring(caller: string, model: Model, options: ScoreOptions): void {
  checkModel(caller, model);
  checkOptions(caller, scoreSchema, options);
}

/** Periods that are swept. */
export const sweptPeriods = (config: ModelConfig, { mostPeriods }: ScoreOptions, caller: string): number[] =>
  spread(sweepPeriods(config, caller), mostPeriods ?? Number.POSITIVE_INFINITY);

/** Tokens that `measureHeads` runs, for the progress of what it is part of. */
export function scoringSize(model: Model, options: ScoreOptions, caller: string): number {
  const config = asAnalysed(model.config);
  const swept = sweptPeriods(config, options, caller).reduce((sum, period) => sum + 2 * period, 0);
  return (options.sequences ?? 64) * (config.nCtx + swept + 4 * fourfoldBlock(config));
}

/**
 * All scores of all heads, and the losses of the sweep. Throws an ArgumentError for options that it does not have, a
 * TooSmallError when context or vocabulary leave no period, a NotFiniteError when a loss is not finite.
 */
export const measureHeads = (model: Model, options: ScoreOptions = {}): { scores: HeadScoresRecord; sweep: Sweep } =>
  scoreHeads('measureHeads', model, options);

/** The same for another caller, whose name the messages have. */
export function scoreHeads(
  caller: string,
  model: Model,
  options: ScoreOptions,
): { scores: HeadScoresRecord; sweep: Sweep } {
  checkScoring(caller, model, options);
  const { sequences = 64, seed = 0 } = options;
  const config = asAnalysed(model.config);
  const probe: ProbeOptions = { config, count: sequences, seed };
  const heads = config.nLayers * config.nHeads;
  const table = new ScoreTable(heads, sequences);
  const periods = sweptPeriods(config, options, caller);
  const stripePeriod = periods.at(-1) as number;
  const progress = new Progress(options.onProgress, scoringSize(model, options, caller));
  const control = runControl(model, probe, { table, stripePeriod, periods, progress });
  const sweep = runSweep(model, probe, { table, stripePeriod, periods, progress, control });
  const fourfold = fourfoldProbe(probe);
  runPatterns(model, fourfold.tokens, {
    progress,
    visit: ({ sequence, head, weight }) =>
      table.set('prefixMatching', head, sequence, prefixMatchingScore(weight, fourfold.tokens[sequence]!)),
  });
  progress.finish();
  const scores: HeadScoresRecord = {
    length: config.nCtx,
    heads: allHeads(config).map((name, index) => ({
      ...table.estimates(index),
      ...name,
      label: headLabel(name.layer, name.head),
      positionalOffset: control.bestOffset(index),
      positionality: control.positionality(index),
      excessByPeriod: sweep.periods.map(({ excess }) => excess[index] as number),
      offsetsAboveChance: control.offsetsAboveChance(index),
    })),
    chance: chanceLevels(probe, stripePeriod, fourfold.tokens),
    periods: sweep.periods.map(({ period }) => period),
    stripePeriod,
    prefixMatchingBlock: fourfold.period,
    sequences,
    seed,
  };
  return { scores, sweep };
}

/** Scores alone; `measureHeads` gives the losses of the sweep too, and throws the same. */
export const headScores = (model: Model, options: ScoreOptions = {}): HeadScoresRecord =>
  scoreHeads('headScores', model, options).scores;

/** One number for every score, head and sequence. */
class ScoreTable {
  private readonly values = new Map<ScoreName, Float64Array[]>();
  private readonly heads: number;
  private readonly sequences: number;

  constructor(heads: number, sequences: number) {
    this.heads = heads;
    this.sequences = sequences;
  }

  private rows(name: ScoreName): Float64Array[] {
    let rows = this.values.get(name);
    if (!rows) {
      rows = Array.from({ length: this.heads }, () => new Float64Array(this.sequences));
      this.values.set(name, rows);
    }
    return rows;
  }

  set(name: ScoreName, head: number, sequence: number, value: number): void {
    this.rows(name)[head]![sequence] = value;
  }

  add(name: ScoreName, head: number, sequence: number, value: number): void {
    this.rows(name)[head]![sequence]! += value;
  }

  estimates(head: number): Record<ScoreName, Estimate> {
    const entries = [...this.values].map(([name, rows]) => [name, estimate(rows[head] as Float64Array)]);
    return Object.fromEntries(entries) as Record<ScoreName, Estimate>;
  }
}

/** What the control says of every head, kept as means over sequences and, for the sweep's cells, by sequence. */
interface Control {
  /**
   * Mean over the cells (q, q − P + 1), q = P … 2P − 2, where content cannot act, by head and sequence. A sequence
   * without such a cell has the mean of the others, and what uniform attention scores where none has one.
   */
  stripe(period: number, head: number, sequence: number): number;
  bestOffset(head: number): HeadScores['positionalOffset'];
  offsetsAboveChance(head: number): number[];
  positionality(head: number): number;
}

interface SweepOptions {
  readonly table: ScoreTable;
  readonly stripePeriod: number;
  readonly periods: readonly number[];
  readonly progress: Progress;
}

function runControl(model: Model, probe: ProbeOptions, options: SweepOptions): Control {
  const { table, stripePeriod, periods, progress } = options;
  const { nCtx, nLayers, nHeads } = probe.config;
  const tokens = controlProbe(probe);
  const heads = nLayers * nHeads;
  const last = nCtx - 1;
  const longest = Math.floor(nCtx / 2);
  // Positionality looks at up to 64 evenly spread queries, which bounds the memory in long contexts.
  const every = Math.ceil(nCtx / 64);
  const sum = Array.from({ length: heads }, () => new Float64Array(Math.ceil(nCtx / every) * nCtx));
  const squares = new Float64Array(heads);
  const perSequence = (): Float64Array[] => Array.from({ length: heads }, () => new Float64Array(probe.count));
  const stripes = new Map(periods.map((period) => [period, perSequence()]));
  const offsets = Array.from({ length: heads }, () =>
    Array.from({ length: longest + 1 }, () => new Float64Array(probe.count)),
  );
  // Where no token can come twice every cell counts, and nothing need be looked up.
  const distinct = nCtx <= probe.config.dVocab;
  runPatterns(model, tokens, {
    progress,
    visit: ({ sequence, head, weight }) => {
      const drawn = tokens[sequence]!;
      const along = (from: number, to: number, key: (query: number) => number): number =>
        distinct
          ? meanAlong(weight, from, to, key)
          : meanAlongCounted({ weight, counts: (q, k) => !contentMayAct(drawn, q, k) }, from, to, key);
      table.set(
        'previousToken',
        head,
        sequence,
        along(1, last, (q) => q - 1),
      );
      table.set(
        'previousTokenFirstHalf',
        head,
        sequence,
        along(1, longest, (q) => q - 1),
      );
      table.set(
        'currentToken',
        head,
        sequence,
        along(1, last, (q) => q),
      );
      table.set(
        'firstToken',
        head,
        sequence,
        along(1, last, () => 0),
      );
      const stripe = (period: number): number => along(period, 2 * period - 1, (q) => q - period + 1);
      table.set('inductionStripeControl', head, sequence, stripe(stripePeriod));
      for (let d = 0; d <= longest; d++) offsets[head]![d]![sequence] = along(Math.max(d, 1), last, (q) => q - d);
      for (const [period, rows] of stripes) rows[head]![sequence] = stripe(period);
      for (let q = every; q < last; q += every)
        for (let k = 0; k <= q; k++) {
          const w = weight(q, k);
          sum[head]![(q / every) * nCtx + k]! += w / probe.count;
          squares[head]! += (w * w) / probe.count;
        }
    },
  });
  for (const [period, rows] of stripes) {
    const chance = inductionStripe(uniformWeight, { start: 0, period, length: 2 * period });
    for (const values of rows) fillMissing(values, chance);
  }
  const aboveChance = (head: number): number[] =>
    offsets[head]!.map((values, d) => {
      const chance = uniformAlong(Math.max(d, 1), last);
      return meanOfMeasured(values, chance) - chance;
    });
  return {
    stripe: (period, head, sequence) => stripes.get(period)![head]![sequence] as number,
    offsetsAboveChance: aboveChance,
    bestOffset: (head) => {
      const above = aboveChance(head);
      let offset = 2;
      for (let d = 3; d <= longest; d++) if (above[d]! > above[offset]!) offset = d;
      return { offset, estimate: estimate(offsets[head]![offset]!), aboveChance: above[offset] as number };
    },
    // Unbiased: the square of a mean over n sequences also holds 1/n of the variance.
    positionality: (head) => {
      const ofMeans = sum[head]!.reduce((a, b) => a + b * b, 0) / squares[head]!;
      return probe.count === 1 ? Number.NaN : (probe.count * ofMeans - 1) / (probe.count - 1);
    },
  };
}

/** Mean of the entries that are not NaN; `otherwise` where all are. */
function meanOfMeasured(values: Float64Array, otherwise: number): number {
  const measured = values.filter((x) => !Number.isNaN(x));
  return measured.length === 0 ? otherwise : mean(measured);
}

/** Puts the mean of the others, or `otherwise`, where an entry is NaN. */
function fillMissing(values: Float64Array, otherwise: number): void {
  const filled = meanOfMeasured(values, otherwise);
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = filled;
}

/** Losses and excess at one period: exactly two copies of a block, from position 0. */
export interface SweptPeriod {
  readonly period: number;
  readonly lossFirst: number;
  readonly lossBoundary: number;
  readonly lossRepeat: Estimate;
  /** By head (layer × nHeads + head). */
  readonly excess: readonly number[];
}

export interface Sweep {
  readonly periods: readonly SweptPeriod[];
}

function runSweep(model: Model, probe: ProbeOptions, options: SweepOptions & { control: Control }): Sweep {
  const { table, stripePeriod, periods, progress, control } = options;
  const heads = probe.config.nLayers * probe.config.nHeads;
  const swept = periods.map((period): SweptPeriod => {
    const tokens = repeatedProbe(probe, period);
    const place = { start: 0, period, length: 2 * period };
    const excess = new Float64Array(heads);
    const losses = runPatterns(model, tokens, {
      progress,
      visit: ({ sequence, head, weight }) => {
        const stripe = inductionStripe(weight, place);
        const above = stripe - control.stripe(period, head, sequence);
        excess[head]! += above / probe.count;
        table.add('inductionExcess', head, sequence, above / periods.length);
        if (period !== stripePeriod) return;
        table.set('inductionStripe', head, sequence, stripe);
        table.set('inductionByContent', head, sequence, contentScore(weight, tokens[sequence]!, 1));
        table.set('duplicateToken', head, sequence, contentScore(weight, tokens[sequence]!, 0));
      },
    });
    return {
      period,
      lossFirst: mean(losses.map((l) => mean(l.subarray(0, period - 1)))),
      lossBoundary: mean(losses.map((l) => l[period - 1] as number)),
      lossRepeat: estimate(losses.map((l) => mean(l.subarray(period, 2 * period - 1)))),
      excess: [...excess],
    };
  });
  return { periods: swept };
}

function chanceLevels(
  probe: ProbeOptions,
  stripePeriod: number,
  fourfold: readonly Int32Array[],
): Record<ScoreName, number> {
  const last = probe.config.nCtx - 1;
  const place = { start: 0, period: stripePeriod, length: 2 * stripePeriod };
  const stripe = inductionStripe(uniformWeight, place);
  const repeated = repeatedProbe(probe, stripePeriod);
  const average = (score: (weight: Weight, tokens: Int32Array) => number, tokens: readonly Int32Array[]): number =>
    mean(tokens.map((t) => score(uniformWeight, t)).filter((x) => !Number.isNaN(x)));
  return {
    previousToken: previousTokenScore(uniformWeight, last),
    previousTokenFirstHalf: previousTokenScore(uniformWeight, Math.floor(probe.config.nCtx / 2)),
    currentToken: currentTokenScore(uniformWeight, last),
    firstToken: firstTokenScore(uniformWeight, last),
    duplicateToken: average((w, t) => contentScore(w, t, 0), repeated),
    inductionStripe: stripe,
    inductionStripeControl: stripe,
    inductionByContent: average((w, t) => contentScore(w, t, 1), repeated),
    inductionExcess: 0,
    prefixMatching: average(prefixMatchingScore, fourfold),
  };
}
