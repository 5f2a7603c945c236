// What an audit measures, step by step: scores and losses, paths, and what the verdict rests on.
import type { ModelConfig } from '../../model/config.ts';
import { INPUTS } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { guessingLoss } from '../../model/startToken.ts';
import type { MeasuredHeads, ScoreOptions } from '../attention/headScores.ts';
import type { HeadScores } from '../attention/headScoresRecord.ts';
import type { PeriodScan } from '../attention/periodScan.ts';
import { keySources, type PathEffect, type PathTests, testPath } from '../causal/paths.ts';
import { runPatterns } from '../data/patternRuns.ts';
import { solvedBelow, spread } from '../data/periods.ts';
import { type ProbeOptions, prefixedProbe } from '../data/probes.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { asAnalysed } from '../lengths.ts';
import { isAmong } from '../map/cellSet.ts';
import type { MeasuredMap } from '../map/inductionMap.ts';
import type { Solution } from '../map/mapRecord.ts';
import type { Progress } from '../progress.ts';
import { mean } from '../statistics/estimate.ts';
import type { AuditEvidence } from './auditRecord.ts';
import { PATH_PERIODS, pathsSize, perPathPeriod, prefixedCount } from './auditSize.ts';
import type { Mechanisms } from './mechanisms.ts';
import { isRelated, type Solved, solvedPeriods } from './solvedPeriods.ts';
import type { Grounds, Judgement } from './verdict.ts';

/** What an audit has measured before it tests paths. */
export interface Looked extends MeasuredHeads {
  readonly solved: Solved;
  /** Heads whose attention follows the period, and heads that keep their stripe without a repeat. */
  readonly followers: readonly HeadScores[];
  readonly positional: readonly HeadScores[];
  readonly pathPeriods: readonly number[];
}

/** The paths from earlier layers, each ablated in turn; nothing where the model has one layer or solves nothing. */
export interface TestedPaths {
  readonly tests: PathTests | null;
  readonly paths: readonly PathEffect[];
}

/** Reads off the scores and losses which periods are solved; which heads are behind it the map has told. */
export function look(
  { scores, scan }: MeasuredHeads,
  config: ModelConfig,
  { followers, positional }: Mechanisms,
): Looked {
  const losses = scan.periods.map(({ period, lossRepeat }) => ({ period, lossRepeat: lossRepeat.value }));
  const solved = solvedPeriods(losses, solvedBelow(config));
  // What is followed and yet counts as solved nowhere is a matter of temperature, or of where the scan has its copies.
  const candidates = [solved.independent, solved.solved, followers.length > 0 ? scores.periods : []];
  return {
    scores,
    scan,
    solved,
    followers: scores.heads.filter((head) => isAmong(followers, head)),
    positional: scores.heads.filter((head) => isAmong(positional, head)),
    pathPeriods: spread(candidates.find((periods) => periods.length > 0) ?? [], PATH_PERIODS),
  };
}

/** Ablates each path from the earlier layers on repeats at solved periods. */
export function testPaths(
  model: Model,
  { scores, followers, pathPeriods }: Looked,
  { options, progress }: { options: ScoreOptions; progress: Progress },
): TestedPaths {
  const config = asAnalysed(model.config);
  const needed = config.nLayers > 1 && pathPeriods.length > 0;
  progress.expect(
    (needed ? pathsSize(config, options, pathPeriods) : 0) -
      pathsSize(config, options, spread(scores.periods, PATH_PERIODS)),
  );
  if (!needed) return { tests: null, paths: [] };
  const sequences = perPathPeriod(options) * pathPeriods.length;
  const set = new RepeatSet(model, { sequences, seed: scores.seed, periods: pathPeriods });
  const tests = { set, followers, progress };
  return { tests, paths: set.reporting(progress, () => INPUTS.map((path) => testPath(model, path, tests))) };
}

/** The numbers that the rules decide by. */
export function groundsOf({ cells, judged }: MeasuredMap, mechanisms: Mechanisms): Grounds {
  const shareOf = (solution: Solution): number =>
    cells.length === 0 ? 0 : cells.filter((c) => c.solution === solution).length / cells.length;
  return {
    layers: judged.config.nLayers,
    byContent: shareOf('by content'),
    byPosition: shareOf('by position'),
    keptDistances: keptDistances(cells),
    largestExcess: mechanisms.largestExcess,
    largestKeptStripe: mechanisms.largestKeptStripe,
    lostWithoutFollowers: mechanisms.withoutFollowers,
    lostWithoutK: mechanisms.withoutInput?.k ?? null,
    excessLeftWithoutK: mechanisms.excessLeftWithoutK,
    lostWithoutPositional: mechanisms.withoutPositional,
  };
}

/** Distances, beyond that of the previous token, of which two places or more are measured and most are solved by position. */
function keptDistances(cells: MeasuredMap['cells']): number {
  const distances = [...new Set(cells.map(({ distance }) => distance))].filter((distance) => distance > 2);
  return distances.filter((distance) => {
    const line = cells.filter((cell) => cell.distance === distance);
    return line.length > 1 && 2 * line.filter(({ solution }) => solution === 'by position').length > line.length;
  }).length;
}

/** Everything that the record has beside the verdict and the scores. */
export function gatherEvidence(
  model: Model,
  {
    looked,
    tested,
    judgement,
    progress,
  }: { looked: Looked; tested: TestedPaths; judgement: Judgement; progress: Progress },
): AuditEvidence {
  const config = asAnalysed(model.config);
  const { scores, scan, followers, pathPeriods } = looked;
  const { solved, best, independent } = looked.solved;
  const { tests, paths } = tested;
  const probe: ProbeOptions = { config, count: scores.sequences, seed: scores.seed };
  const others = scan.periods.filter(({ period }) => best === null || !isRelated(best, period));
  return {
    lnVocab: guessingLoss(config),
    solvedBelow: solvedBelow(config),
    periods: scan.periods.map(({ period, lossRepeat, lossBoundary, lossFirst }) => ({
      period,
      lossRepeat,
      lossBoundary,
      lossFirst,
      solved: solved.includes(period),
      lossRepeatAfterPrefix: lossAfterPrefix(model, probe, { period, progress }),
    })),
    best,
    solved,
    independent,
    otherPeriodLoss: mean(others.map(({ lossRepeat }) => lossRepeat.value)),
    boundaryAtBest: boundaryLoss(scan, best === null ? [] : [best]),
    boundaryElsewhere: boundaryLoss(scan, independent),
    pathPeriods,
    paths,
    keySources: tests && followers.length > 0 ? tests.set.reporting(progress, () => keySources(model, tests)) : [],
    margins: judgement.margins,
    close: judgement.margins.some(({ close }) => close),
    seeds: [{ seed: scores.seed, verdict: judgement.verdict }],
    sequences: scores.sequences,
  };
}

/** Mean lossRepeat of a period after a random prefix. */
function lossAfterPrefix(
  model: Model,
  probe: ProbeOptions,
  { period, progress }: { period: number; progress: Progress },
): number | null {
  const prefixed = prefixedProbe({ ...probe, count: prefixedCount(probe.count) }, period);
  if (!prefixed) return null;
  const from = prefixed.start + period;
  return mean(runPatterns(model, prefixed.tokens, { progress }).map((l) => mean(l.subarray(from, from + period - 1))));
}

const boundaryLoss = (scan: PeriodScan, periods: readonly number[]): number | null =>
  periods.length === 0
    ? null
    : mean(scan.periods.filter(({ period }) => periods.includes(period)).map(({ lossBoundary }) => lossBoundary));
