// Every head's scores on fresh sequences, each with its chance level and a bootstrap interval over sequences.

import * as z from 'zod/mini';
import type { ModelConfig } from '../../model/config.ts';
import { allHeads, headLabel } from '../../model/heads.ts';
import type { Model } from '../../model/model.ts';
import { firstDrawn } from '../../model/startToken.ts';
import { checkModel, checkOptions, commonFields } from '../checks.ts';
import { runPatterns } from '../data/patternRuns.ts';
import { checkVocabulary, periodsThatFit, scannedPeriods, spread } from '../data/periods.ts';
import { controlProbe, fourfoldBlock, fourfoldProbe, type ProbeOptions, repeatedProbe } from '../data/probes.ts';
import { withNextToken } from '../data/prompts.ts';
import { twoCopies } from '../data/twoCopies.ts';
import { asAnalysed } from '../lengths.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { runControl, type Scoring } from './control.ts';
import type { Detector } from './detector.ts';
import type { HeadScoresRecord } from './headScoresRecord.ts';
import { checkAnswers, checkDetectors, onCopies } from './ownDetectors.ts';
import { type PeriodScan, runScan } from './periodScan.ts';
import { type ScoredDetectors, scoredDetectors } from './scoredDetectors.ts';
import { type ScoreName, ScoreTable } from './scoreTable.ts';

/** How much to measure: sequences, their seed, periods. */
export interface ScoreOptions {
  /** Sequences of each probe. */
  readonly sequences?: number;
  /** Seed of the sequences that are drawn. */
  readonly seed?: number;
  /** Scan only about so many periods, evenly spread: for scores logged during training. */
  readonly mostPeriods?: number;
  /** Detectors of your own beside the built-in ones. */
  readonly detectors?: readonly Detector[];
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
  detectors: z.optional(z.unknown()), // checkDetectors says what they may be
};
const scoreSchema = z.strictObject(scoreSchemaFields);

/** Throws an ArgumentError unless it is a model, and the options say how much to measure. */
export function checkScoring(caller: string, model: Model, options: ScoreOptions): void {
  checkModel(caller, model);
  checkOptions(caller, scoreSchema, options);
  if (options.detectors !== undefined) checkDetectors(caller, options.detectors);
}

/** Periods that are scanned, where only some are asked for; none where no repeat fits. */
export const periodsToScan = (config: ModelConfig, { mostPeriods }: ScoreOptions): number[] =>
  spread(periodsThatFit(config), mostPeriods ?? Number.POSITIVE_INFINITY);

/** Tokens that `measureHeads` runs, for the progress of what it is part of. */
export function scoringSize(model: Model, options: ScoreOptions): number {
  const config = asAnalysed(model.config);
  const scanned = periodsToScan(config, options).reduce((sum, period) => sum + twoCopies(config, period).length, 0);
  const fourfold = firstDrawn(config) + 4 * fourfoldBlock(config);
  return (options.sequences ?? 64) * (config.nCtx + scanned + fourfold);
}

/**
 * All scores of all heads, and the losses of the scan; NaN of what the context has no room for. Throws an ArgumentError for
 * options that it does not have, a TooSmallError when the vocabulary is too small, a NotFiniteError when a loss is not finite.
 */
export const measureHeads = (model: Model, options: ScoreOptions = {}): MeasuredHeads =>
  scoreHeads('measureHeads', model, options);

/**
 * Scores alone; `measureHeads` gives the losses of the scan too, and throws the same. Throws a TooSmallError, too, when no repeat fits.
 * @example
 * ```ts
 * import { handBuiltInduction, headScores, loadEngine } from '@induction-lab/core/node';
 *
 * const model = handBuiltInduction(await loadEngine(), { dVocab: 31, nCtx: 24 });
 * for (const { label, inductionStripe, inductionStripeControl } of headScores(model, { sequences: 8 }).heads)
 *   console.log(label, inductionStripe.value, inductionStripeControl.value);
 * ```
 */
export function headScores(model: Model, options: ScoreOptions = {}): HeadScoresRecord {
  checkScoring('headScores', model, options);
  scannedPeriods(model.config, 'headScores');
  return scoreHeads('headScores', model, options).scores;
}

/** The same for another caller, whose name the messages have. */
export function scoreHeads(caller: string, model: Model, options: ScoreOptions): MeasuredHeads {
  checkScoring(caller, model, options);
  const { sequences = 64, seed = 0, detectors: given = [] } = options;
  const config = asAnalysed(model.config);
  checkVocabulary(caller, config);
  const periods = periodsToScan(config, options);
  const stripePeriod = periods.at(-1) ?? 0;
  const probe: ProbeOptions = { config, count: sequences, seed };
  const prefixMatchingBlock = fourfoldBlock(config);
  const probes = {
    control: controlProbe(probe),
    repeat: stripePeriod > 0 ? repeatedProbe(probe, stripePeriod) : [],
    fourfold: prefixMatchingBlock > 0 ? fourfoldProbe(probe).tokens : [],
  };
  checkAnswers(caller, given, ({ on = 'repeat' }) => ({
    sequences: probes[on].map((sequence) => ({ tokens: sequence, queries: withNextToken(sequence) })),
    called: `sequences of the kind "${on}"`,
    remedy: 'its keys, or at `on`',
  }));
  const own = given.map(onCopies);
  const table = new ScoreTable<ScoreName>(config.nLayers * config.nHeads, sequences);
  const detectors = scoredDetectors(own, { config, probes, table });
  const scoring: Scoring = {
    ...{ probe, probes, detectors, table, periods, stripePeriod },
    progress: new Progress(options.onProgress, scoringSize(model, options)),
  };
  const control = runControl(model, scoring);
  const scan = runScan(model, { ...scoring, control });
  if (prefixMatchingBlock > 0)
    runPatterns(model, probes.fourfold, {
      progress: scoring.progress,
      visit: (visit) => detectors.score('fourfold', visit),
    });
  scoring.progress.finish();
  const scores: HeadScoresRecord = {
    length: config.nCtx,
    heads: allHeads(config).map((name, index) => ({
      ...table.estimates(index, CHANCE_ORDER),
      ...name,
      label: headLabel(name.layer, name.head),
      positionalOffset: control.offsets.best(index),
      positionality: control.positionality.of(index),
      excessByPeriod: scan.periods.map(({ excess }) => excess[index] as number),
      offsetsAboveChance: control.offsets.aboveChance(index),
      ...(own.length === 0 ? {} : { detectors: detectors.ownScores(index) }),
    })),
    chance: chanceLevels(detectors),
    periods: scan.periods.map(({ period }) => period),
    stripePeriod,
    prefixMatchingBlock,
    sequences,
    seed,
    ...(own.length === 0 ? {} : { detectors: detectors.own }),
  };
  return { scores, scan };
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
function chanceLevels({ chance }: ScoredDetectors): Record<ScoreName, number> {
  const level = (name: ScoreName): number => (name === 'inductionExcess' ? 0 : (chance.get(name) as number));
  return Object.fromEntries(CHANCE_ORDER.map((name) => [name, level(name)])) as Record<ScoreName, number>;
}
