// Has this transformer learned induction? The audit reads weights and the tokens it draws, never how a model was made.
import type { ModelConfig } from '../../model/config.ts';
import { INPUTS } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import {
  checkScoring,
  type MeasuredHeads,
  measureHeads,
  type ScoreOptions,
  scoringSize,
} from '../attention/headScores.ts';
import type { HeadScores, HeadScoresRecord } from '../attention/headScoresRecord.ts';
import type { PeriodScan } from '../attention/periodScan.ts';
import { keySources, type PathEffect, type PathTests, testPath } from '../causal/paths.ts';
import { runPatterns } from '../data/patternRuns.ts';
import { checkTellable, scannedPeriods, solvedBelow, spread } from '../data/periods.ts';
import { type ProbeOptions, prefixedProbe } from '../data/probes.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { asAnalysed } from '../lengths.ts';
import { Progress } from '../progress.ts';
import { mean } from '../statistics/estimate.ts';
import type { AuditEvidence, AuditRecord } from './auditRecord.ts';
import { explainAudit, shortenedText } from './auditText.ts';
import { excessOver, keptStripe } from './headEvidence.ts';
import { checkHeldOut, type HeldOut, measureHeldOut } from './heldOut.ts';
import { isRelated, type Solved, solvedPeriods } from './solvedPeriods.ts';
import { FOLLOWS, KEEPS_STRIPE } from './thresholds.ts';
import { type Grounds, type Judgement, judge } from './verdict.ts';

/** How many solved periods the path tests use, evenly spread. */
const PATH_PERIODS = 5;

/**
 * Audits a model: losses over a scan of periods, scores, path tests, and the verdict by the rules of verdict.ts. A
 * close call is repeated with two more seeds of sequences. Throws an ArgumentError for options that it does not have, a
 * TooSmallError when context or vocabulary are too small to tell, a NotFiniteError when outputs are not finite: then there
 * is no verdict. `heldOut` is measured besides, and has no part in the verdict.
 */
export function audit(model: Model, options: AuditOptions = {}): AuditRecord {
  const heldOut = (options as AuditOptions | null)?.heldOut;
  if (heldOut === undefined) return auditFor('audit', model, options);
  const { heldOut: _, ...scoring } = options;
  checkScoring('audit', model, scoring);
  checkHeldOut('audit', heldOut, model);
  const record = auditFor('audit', model, scoring);
  const { best, periods, sequences } = record.evidence;
  const period = best ?? periods[Math.floor(periods.length / 2)]!.period;
  return { ...record, heldOut: measureHeldOut(model, heldOut, { sequences, seed: scoring.seed ?? 0, period }) };
}

export interface AuditOptions extends ScoreOptions {
  /** What training held out, to be measured too. */
  readonly heldOut?: HeldOut;
}

/** The audit for another caller, whose name the messages have. */
export function auditFor(caller: string, model: Model, options: ScoreOptions): AuditRecord {
  checkScoring(caller, model, options);
  checkTellable(model.config, caller);
  const size = auditSize(model, options);
  const progress = new Progress(options.onProgress, size);
  const once = (seed: number): AuditRecord => auditOnce(model, { ...options, seed, onProgress: progress.part(size) });
  const seed = options.seed ?? 0;
  const first = once(seed);
  if (!first.evidence.close) {
    progress.finish();
    return first;
  }
  progress.expect(2 * size);
  const again = [seed + 1, seed + 2].map((s) => ({ seed: s, verdict: once(s).verdict }));
  progress.finish();
  const seeds = [...first.evidence.seeds, ...again];
  const agree = again.every(({ verdict }) => verdict === first.verdict);
  const sentence = `${first.sentence} This is a close call; with sequence seeds ${seeds.map((s) => s.seed).join(', ')} the verdict is ${agree ? 'the same every time' : seeds.map((s) => `"${s.verdict}"`).join(', ')}.`;
  return { ...first, sentence, evidence: { ...first.evidence, seeds } };
}

/** Sequences of each of the path tests' periods. */
const perPathPeriod = ({ sequences = 64 }: ScoreOptions): number => Math.ceil(sequences / 2);

/** Runs over the path tests' sequences: clean, a path and its control each, and a source of keys each. */
const pathRuns = ({ nLayers, nHeads }: ModelConfig): number => 1 + 2 * INPUTS.length + (nLayers - 1) * nHeads;

/** Tokens that an audit runs if every period is solved: what progress expects. */
export function auditSize(model: Model, options: ScoreOptions): number {
  const config = asAnalysed(model.config);
  const periods = scannedPeriods(config);
  const prefixed = periods.length * prefixedCount(options.sequences ?? 64) * config.nCtx;
  return scoringSize(model, options, 'audit') + prefixed + pathsSize(config, options, spread(periods, PATH_PERIODS));
}

const pathsSize = (config: ModelConfig, options: ScoreOptions, periods: readonly number[]): number =>
  config.nLayers === 1
    ? 0
    : pathRuns(config) * perPathPeriod(options) * periods.reduce((sum, period) => sum + 2 * period, 0);

/** What an audit has measured before it tests paths. */
interface Looked extends MeasuredHeads {
  readonly solved: Solved;
  /** Heads whose attention follows the period, and heads that keep their stripe without a repeat. */
  readonly followers: readonly HeadScores[];
  readonly positional: readonly HeadScores[];
  readonly pathPeriods: readonly number[];
}

/** The paths from earlier layers, each ablated in turn; nothing where the model has one layer or solves nothing. */
interface TestedPaths {
  readonly tests: PathTests | null;
  readonly paths: readonly PathEffect[];
}

function auditOnce(model: Model, options: ScoreOptions): AuditRecord {
  const config = asAnalysed(model.config);
  const progress = new Progress(options.onProgress, auditSize(model, options));
  const onProgress = progress.part(scoringSize(model, options, 'audit'));
  const looked = look(measureHeads(model, { ...options, onProgress }), config);
  const { scores, followers, positional } = looked;
  const tested = testPaths(model, looked, { options, progress });
  const judgement = judge(groundsOf(looked, tested, config));
  const evidence = gatherEvidence(model, { looked, tested, judgement, progress });
  progress.finish();
  const shortened = config.nCtx < model.config.nCtx ? ` ${shortenedText(config.nCtx, model.config.nCtx)}` : '';
  return {
    verdict: judgement.verdict,
    sentence: `${explainAudit(judgement, evidence, { followers, positional })}${shortened}`,
    evidence,
    followers: followers.map((h) => h.label),
    positionalHeads: positional.map((h) => h.label),
    scores,
  };
}

function look({ scores, scan }: MeasuredHeads, config: ModelConfig): Looked {
  const losses = scan.periods.map(({ period, lossRepeat }) => ({ period, lossRepeat: lossRepeat.value }));
  const solved = solvedPeriods(losses, solvedBelow(config));
  const { best, independent } = solved;
  return {
    scores,
    scan,
    solved,
    followers: scores.heads.filter((h) => excessIn(scores, h, independent) > FOLLOWS),
    positional: best === null ? [] : scores.heads.filter((h) => keptStripe(h, best) > KEEPS_STRIPE),
    pathPeriods: spread(independent.length > 0 ? independent : solved.solved, PATH_PERIODS),
  };
}

/** Mean excess of a head over some of the periods of its scores. */
const excessIn = ({ periods }: HeadScoresRecord, head: HeadScores, chosen: readonly number[]): number =>
  excessOver(head, { scanned: periods, chosen });

function testPaths(
  model: Model,
  { scores, solved, followers, pathPeriods }: Looked,
  { options, progress }: { options: ScoreOptions; progress: Progress },
): TestedPaths {
  const config = asAnalysed(model.config);
  const needed = config.nLayers > 1 && solved.solved.length > 0;
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

function groundsOf(
  { scores, solved, followers, pathPeriods }: Looked,
  { paths }: TestedPaths,
  config: ModelConfig,
): Grounds {
  const { best, independent } = solved;
  const cleanExcess = mean(followers.map((h) => excessIn(scores, h, pathPeriods)));
  const excessWithoutK = paths.find(({ path }) => path === 'k')?.excess ?? null;
  return {
    ...solved,
    layers: config.nLayers,
    largestExcess: Math.max(...scores.heads.map((h) => excessIn(scores, h, independent))),
    largestKeptStripe: best === null ? 0 : Math.max(...scores.heads.map((h) => keptStripe(h, best))),
    excessLeftWithoutK: excessWithoutK === null ? null : excessWithoutK / cleanExcess,
  };
}

function gatherEvidence(
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
    lnVocab: Math.log(config.dVocab),
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

/** Sequences with a prefix. */
const prefixedCount = (sequences: number): number => Math.ceil(sequences / 4);

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
