// Every head's scores on fresh sequences, each with its chance level and a bootstrap interval over sequences.
import { headLabel } from '../model/config.ts';
import { allHeads } from '../model/interventions.ts';
import type { Model } from '../model/model.ts';
import { type Estimate, estimate, mean } from './estimate.ts';
import { runPatterns, type Weight } from './patternRuns.ts';
import { controlProbe, fourfoldProbe, type ProbeOptions, repeatedProbe, spread, sweepPeriods } from './probes.ts';
import {
  contentScore,
  currentTokenScore,
  firstTokenScore,
  inductionStripe,
  meanAlong,
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
  /** Periods of the sweep, and the one that the stripe scores use: half the context. */
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
}

/** All scores of all heads, and the losses of the sweep. */
export function measureHeads(model: Model, options: ScoreOptions = {}): { scores: HeadScoresRecord; sweep: Sweep } {
  const { sequences = 64, seed = 0 } = options;
  const { config } = model;
  const probe: ProbeOptions = { config, count: sequences, seed };
  const heads = config.nLayers * config.nHeads;
  const stripePeriod = Math.floor(config.nCtx / 2);
  const table = new ScoreTable(heads, sequences);
  const periods = spread(sweepPeriods(config), options.mostPeriods ?? Number.POSITIVE_INFINITY);
  const control = runControl(model, probe, { table, stripePeriod, periods });
  const sweep = runSweep(model, probe, { table, stripePeriod, periods, control });
  const fourfold = fourfoldProbe(probe);
  runPatterns(model, fourfold.tokens, {
    visit: ({ sequence, head, weight }) =>
      table.set('prefixMatching', head, sequence, prefixMatchingScore(weight, fourfold.tokens[sequence]!)),
  });
  const scores: HeadScoresRecord = {
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

/** Scores alone; `measureHeads` gives the losses of the sweep too. */
export const headScores = (model: Model, options: ScoreOptions = {}): HeadScoresRecord =>
  measureHeads(model, options).scores;

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
  /** Mean over the cells (q, q − P + 1), q = P … 2P − 2, by head and sequence. */
  stripe(period: number, head: number, sequence: number): number;
  bestOffset(head: number): HeadScores['positionalOffset'];
  offsetsAboveChance(head: number): number[];
  positionality(head: number): number;
}

interface SweepOptions {
  readonly table: ScoreTable;
  readonly stripePeriod: number;
  readonly periods: readonly number[];
}

function runControl(model: Model, probe: ProbeOptions, { table, stripePeriod, periods }: SweepOptions): Control {
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
  runPatterns(model, tokens, {
    visit: ({ sequence, head, weight }) => {
      table.set('previousToken', head, sequence, previousTokenScore(weight, last));
      table.set('previousTokenFirstHalf', head, sequence, previousTokenScore(weight, longest));
      table.set('currentToken', head, sequence, currentTokenScore(weight, last));
      table.set('firstToken', head, sequence, firstTokenScore(weight, last));
      const place = { start: 0, period: stripePeriod, length: 2 * stripePeriod };
      table.set('inductionStripeControl', head, sequence, inductionStripe(weight, place));
      for (let d = 0; d <= longest; d++)
        offsets[head]![d]![sequence] = meanAlong(weight, Math.max(d, 1), last, (q) => q - d);
      for (const [period, rows] of stripes)
        rows[head]![sequence] = inductionStripe(weight, { start: 0, period, length: 2 * period });
      for (let q = every; q < last; q += every)
        for (let k = 0; k <= q; k++) {
          const w = weight(q, k);
          sum[head]![(q / every) * nCtx + k]! += w / probe.count;
          squares[head]! += (w * w) / probe.count;
        }
    },
  });
  const aboveChance = (head: number): number[] =>
    offsets[head]!.map((values, d) => mean(values) - uniformAlong(Math.max(d, 1), last));
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
  const { table, stripePeriod, periods, control } = options;
  const heads = probe.config.nLayers * probe.config.nHeads;
  const swept = periods.map((period): SweptPeriod => {
    const tokens = repeatedProbe(probe, period);
    const place = { start: 0, period, length: 2 * period };
    const excess = new Float64Array(heads);
    const losses = runPatterns(model, tokens, {
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
