// Every head's scores on fresh sequences, each with its chance level and a bootstrap interval over sequences.

import * as z from 'zod/mini';
import type { ModelConfig } from '../../model/config.ts';
import { allHeads, headLabel } from '../../model/heads.ts';
import type { Model } from '../../model/model.ts';
import { checkModel, checkOptions, commonFields } from '../checks.ts';
import { runPatterns } from '../data/patternRuns.ts';
import { scannedPeriods, spread } from '../data/periods.ts';
import { fourfoldBlock, fourfoldProbe, repeatedProbe } from '../data/probes.ts';
import { asAnalysed } from '../lengths.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { runControl, type Scoring } from './control.ts';
import { controlDetectors, type Detector, fourfoldDetectors, repeatDetectors } from './detectors.ts';
import type { HeadScoresRecord } from './headScoresRecord.ts';
import { type PeriodScan, runScan } from './periodScan.ts';
import { type ScoreName, ScoreTable } from './scoreTable.ts';

/** How much to measure: sequences, their seed, periods. */
export interface ScoreOptions {
  /** Sequences of each probe. */
  readonly sequences?: number;
  readonly seed?: number;
  /** Scan only about so many periods, evenly spread: for scores logged during training. */
  readonly mostPeriods?: number;
  readonly onProgress?: OnProgress;
}

/** All scores of all heads, and the losses of the scan that they come from. */
export interface MeasuredHeads {
  readonly scores: HeadScoresRecord;
  readonly scan: PeriodScan;
}

/** The fields of ScoreOptions. */
export const scoreSchemaFields: Readonly<Record<keyof ScoreOptions, z.ZodMiniType>> = {
  ...commonFields,
  mostPeriods: z.optional(z.int().check(z.gte(1))),
};
const scoreSchema = z.strictObject(scoreSchemaFields);

/** Throws an ArgumentError unless it is a model, and the options say how much to measure. */
export function checkScoring(caller: string, model: Model, options: ScoreOptions): void {
  checkModel(caller, model);
  checkOptions(caller, scoreSchema, options);
}

/** Periods that are scanned, where only some are asked for. */
export const periodsToScan = (config: ModelConfig, { mostPeriods }: ScoreOptions, caller: string): number[] =>
  spread(scannedPeriods(config, caller), mostPeriods ?? Number.POSITIVE_INFINITY);

/** Tokens that `measureHeads` runs, for the progress of what it is part of. */
export function scoringSize(model: Model, options: ScoreOptions, caller: string): number {
  const config = asAnalysed(model.config);
  const scanned = periodsToScan(config, options, caller).reduce((sum, period) => sum + 2 * period, 0);
  return (options.sequences ?? 64) * (config.nCtx + scanned + 4 * fourfoldBlock(config));
}

/**
 * All scores of all heads, and the losses of the scan. Throws an ArgumentError for options that it does not have, a
 * TooSmallError when context or vocabulary leave no period, a NotFiniteError when a loss is not finite.
 */
export const measureHeads = (model: Model, options: ScoreOptions = {}): MeasuredHeads =>
  scoreHeads('measureHeads', model, options);

/** Scores alone; `measureHeads` gives the losses of the scan too, and throws the same. */
export const headScores = (model: Model, options: ScoreOptions = {}): HeadScoresRecord =>
  scoreHeads('headScores', model, options).scores;

/** The same for another caller, whose name the messages have. */
export function scoreHeads(caller: string, model: Model, options: ScoreOptions): MeasuredHeads {
  checkScoring(caller, model, options);
  const { sequences = 64, seed = 0 } = options;
  const config = asAnalysed(model.config);
  const periods = periodsToScan(config, options, caller);
  const scoring: Scoring = {
    probe: { config, count: sequences, seed },
    table: new ScoreTable(config.nLayers * config.nHeads, sequences),
    periods,
    stripePeriod: periods.at(-1) as number,
    progress: new Progress(options.onProgress, scoringSize(model, options, caller)),
  };
  const control = runControl(model, scoring);
  const scan = runScan(model, { ...scoring, control });
  const fourfold = runFourfold(model, scoring);
  scoring.progress.finish();
  const scores: HeadScoresRecord = {
    length: config.nCtx,
    heads: allHeads(config).map((name, index) => ({
      ...scoring.table.estimates(index),
      ...name,
      label: headLabel(name.layer, name.head),
      positionalOffset: control.offsets.best(index),
      positionality: control.positionality.of(index),
      excessByPeriod: scan.periods.map(({ excess }) => excess[index] as number),
      offsetsAboveChance: control.offsets.aboveChance(index),
    })),
    chance: chanceLevels(scoring, fourfold.tokens),
    periods: scan.periods.map(({ period }) => period),
    stripePeriod: scoring.stripePeriod,
    prefixMatchingBlock: fourfold.period,
    sequences,
    seed,
  };
  return { scores, scan };
}

/** Runs a block repeated four times and puts its scores into the table. */
function runFourfold(model: Model, { probe, table, progress }: Scoring): ReturnType<typeof fourfoldProbe> {
  const fourfold = fourfoldProbe(probe);
  const detectors = fourfoldDetectors();
  runPatterns(model, fourfold.tokens, {
    progress,
    visit: ({ sequence, head, attention }) => {
      for (const { name, score } of detectors)
        table.set({ name, head, sequence }, score(attention, fourfold.tokens[sequence] as Int32Array));
    },
  });
  return fourfold;
}

/** The scores in the order in which a record has their chance levels. */
const CHANCE_ORDER: readonly ScoreName[] = [
  'previousToken',
  'previousTokenFirstHalf',
  'currentToken',
  'firstToken',
  'duplicateToken',
  'inductionStripe',
  'inductionStripeControl',
  'inductionByContent',
  'inductionExcess',
  'prefixMatching',
];

/** What uniform attention scores. An excess is above the control, so that of uniform attention is 0. */
function chanceLevels({ probe, stripePeriod }: Scoring, fourfold: readonly Int32Array[]): Record<ScoreName, number> {
  const repeated = repeatedProbe(probe, stripePeriod);
  const levels = (detectors: readonly Detector[], sequences: readonly Int32Array[]): [ScoreName, number][] =>
    detectors.map(({ name, chance }) => [name, chance(sequences)]);
  const found = new Map<ScoreName, number>([
    ['inductionExcess', 0],
    ...levels(controlDetectors(probe.config, stripePeriod), []),
    ...levels(repeatDetectors(stripePeriod), repeated),
    ...levels(fourfoldDetectors(), fourfold),
  ]);
  return Object.fromEntries(CHANCE_ORDER.map((name) => [name, found.get(name)])) as Record<ScoreName, number>;
}
