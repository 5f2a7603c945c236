// Has this transformer learned induction? The audit reads weights and the tokens it draws, never how a model was made.
import * as z from 'zod/mini';
import { ArgumentError } from '../../errors/arguments.ts';
import { listed } from '../../errors/names.ts';
import { headLabel, type ModelConfig } from '../../model/config.ts';
import { allHeads, INPUTS } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import {
  checkScoring,
  type HeadScores,
  type HeadScoresRecord,
  measureHeads,
  type ScoreOptions,
  type Sweep,
  scoringSize,
} from '../attention/headScores.ts';
import { runPatterns } from '../attention/patternRuns.ts';
import { type KeySource, keySources, type PathEffect, testPath } from '../causal/paths.ts';
import { checkPeriods } from '../checks.ts';
import { checkTellable, type ProbeOptions, prefixedProbe, spread, sweepPeriods } from '../data/probes.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { asAnalysed } from '../lengths.ts';
import { Progress } from '../progress.ts';
import { type Estimate, mean } from '../statistics/estimate.ts';
import {
  excessOver,
  FOLLOWS,
  isRelated,
  type Judgement,
  judge,
  KEEPS_STRIPE,
  keptStripe,
  type Margin,
  solvedPeriods,
  VERDICTS,
  type Verdict,
} from './verdict.ts';

/** Everything the verdict rests on. Losses in nats. */
export interface AuditEvidence {
  readonly lnVocab: number;
  /** A period is solved when lossRepeat is below this: half of ln V. */
  readonly solvedBelow: number;
  readonly periods: readonly {
    readonly period: number;
    readonly lossRepeat: Estimate;
    readonly lossBoundary: number;
    readonly lossFirst: number;
    readonly solved: boolean;
    /** lossRepeat when the block follows a random prefix; null without room for one. */
    readonly lossRepeatAfterPrefix: number | null;
  }[];
  readonly best: number | null;
  readonly solved: readonly number[];
  /** Solved periods that are neither divisor nor multiple nor close neighbour of the best one. */
  readonly independent: readonly number[];
  /** Mean lossRepeat over the periods that are not the best one, nor its divisors or neighbours. */
  readonly otherPeriodLoss: number;
  /** The free detector: loss at the boundary query, at the best period and on average over the other solved ones. */
  readonly boundaryAtBest: number | null;
  readonly boundaryElsewhere: number | null;
  /** Periods on which the paths were tested; no path was where the model has one layer or solves nothing. */
  readonly pathPeriods: readonly number[];
  readonly paths: readonly PathEffect[];
  /** For each earlier head, what its removal from the keys of the followers costs; empty without followers. */
  readonly keySources: readonly KeySource[];
  readonly margins: readonly Margin[];
  readonly close: boolean;
  /** Seeds of the sequences drawn, with the verdict that each gave; more than one after a close call. */
  readonly seeds: readonly { readonly seed: number; readonly verdict: Verdict }[];
  readonly sequences: number;
}

/** A verdict with its evidence and every head's scores. */
export interface AuditRecord {
  readonly verdict: Verdict;
  /** The verdict in plain words, with its numbers. */
  readonly sentence: string;
  readonly evidence: AuditEvidence;
  /** Heads whose attention follows the period, and heads that keep their offset without a repeat. */
  readonly followers: readonly string[];
  readonly positionalHeads: readonly string[];
  readonly scores: HeadScoresRecord;
}

/** An audit's record, as far as other analyses read it. */
export const auditSchema: z.ZodMiniType = z.looseObject({
  verdict: z.enum(VERDICTS),
  followers: z.array(z.string()),
  positionalHeads: z.array(z.string()),
  evidence: z.looseObject({ solved: z.array(z.int()), independent: z.array(z.int()) }),
  scores: z.looseObject({ heads: z.array(z.looseObject({ label: z.string() })), periods: z.array(z.int()) }),
});

/** Throws an ArgumentError when a record is that of a model with other heads or a shorter context. */
export function checkAudited(caller: string, { scores }: AuditRecord, config: ModelConfig): void {
  const labels = allHeads(config).map(({ layer, head }) => headLabel(layer, head));
  const found = scores.heads.map(({ label }) => label);
  if (labels.join() !== found.join())
    throw new ArgumentError(
      `${caller}: options.audit is that of another model: it has the heads ${listed(found)}, this model has ${listed(labels)}.`,
    );
  checkPeriods(caller, scores.periods, { config });
}

/** How many solved periods the path tests use, evenly spread. */
const PATH_PERIODS = 5;

/**
 * Audits a model: losses over a sweep of periods, scores, path tests, and the verdict by the rules of verdict.ts. A
 * close call is repeated with two more seeds of sequences. Throws an ArgumentError for options that it does not have, a
 * TooSmallError when context or vocabulary are too small to tell, a NotFiniteError when outputs are not finite: then there
 * is no verdict.
 */
export const audit = (model: Model, options: ScoreOptions = {}): AuditRecord => auditFor('audit', model, options);

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
  const periods = sweepPeriods(config);
  const prefixed = periods.length * prefixedCount(options.sequences ?? 64) * config.nCtx;
  return scoringSize(model, options, 'audit') + prefixed + pathsSize(config, options, spread(periods, PATH_PERIODS));
}

const pathsSize = (config: ModelConfig, options: ScoreOptions, periods: readonly number[]): number =>
  config.nLayers === 1
    ? 0
    : pathRuns(config) * perPathPeriod(options) * periods.reduce((sum, period) => sum + 2 * period, 0);

function auditOnce(model: Model, options: ScoreOptions): AuditRecord {
  const config = asAnalysed(model.config);
  const lnVocab = Math.log(config.dVocab);
  const solvedBelow = lnVocab / 2;
  const progress = new Progress(options.onProgress, auditSize(model, options));
  const onProgress = progress.part(scoringSize(model, options, 'audit'));
  const { scores, sweep } = measureHeads(model, { ...options, onProgress });
  const probe: ProbeOptions = { config, count: scores.sequences, seed: scores.seed };
  const losses = sweep.periods.map(({ period, lossRepeat }) => ({ period, lossRepeat: lossRepeat.value }));
  const solvedSet = solvedPeriods(losses, solvedBelow);
  const { solved, best, independent } = solvedSet;
  const followers = scores.heads.filter((h) => excessOver(h, scores.periods, independent) > FOLLOWS);
  const positional = best === null ? [] : scores.heads.filter((h) => keptStripe(h, best) > KEEPS_STRIPE);
  const pathPeriods = spread(independent.length > 0 ? independent : solved, PATH_PERIODS);
  const tested = config.nLayers > 1 && solved.length > 0;
  progress.expect(
    (tested ? pathsSize(config, options, pathPeriods) : 0) -
      pathsSize(config, options, spread(scores.periods, PATH_PERIODS)),
  );
  const sequences = perPathPeriod(options) * pathPeriods.length;
  const tests = tested
    ? { set: new RepeatSet(model, { sequences, seed: probe.seed, periods: pathPeriods }), followers, progress }
    : null;
  const paths = tests ? tests.set.reporting(progress, () => INPUTS.map((path) => testPath(model, path, tests))) : [];
  const cleanExcess = mean(followers.map((h) => excessOver(h, scores.periods, pathPeriods)));
  const excessWithoutK = paths.find(({ path }) => path === 'k')?.excess ?? null;
  const judgement = judge({
    ...solvedSet,
    layers: config.nLayers,
    largestExcess: Math.max(...scores.heads.map((h) => excessOver(h, scores.periods, independent))),
    largestKeptStripe: best === null ? 0 : Math.max(...scores.heads.map((h) => keptStripe(h, best))),
    excessLeftWithoutK: excessWithoutK === null ? null : excessWithoutK / cleanExcess,
  });
  const others = sweep.periods.filter(({ period }) => best === null || !isRelated(best, period));
  const evidence: AuditEvidence = {
    lnVocab,
    solvedBelow,
    periods: sweep.periods.map(({ period, lossRepeat, lossBoundary, lossFirst }) => ({
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
    boundaryAtBest: boundaryLoss(sweep, best === null ? [] : [best]),
    boundaryElsewhere: boundaryLoss(sweep, independent),
    pathPeriods,
    paths,
    keySources: tests && followers.length > 0 ? tests.set.reporting(progress, () => keySources(model, tests)) : [],
    margins: judgement.margins,
    close: judgement.margins.some(({ close }) => close),
    seeds: [{ seed: scores.seed, verdict: judgement.verdict }],
    sequences: scores.sequences,
  };
  progress.finish();
  const shortened = config.nCtx < model.config.nCtx ? ` ${shortenedText(config.nCtx, model.config.nCtx)}` : '';
  return {
    verdict: judgement.verdict,
    sentence: `${explain(judgement, evidence, followers, positional)}${shortened}`,
    evidence,
    followers: followers.map((h) => h.label),
    positionalHeads: positional.map((h) => h.label),
    scores,
  };
}

/** Says that the analysis saw a part of the context. */
const shortenedText = (length: number, nCtx: number): string =>
  `Analysed on sequences of at most ${length.toLocaleString('en')} tokens; the context of ${nCtx.toLocaleString('en')} is longer than the patterns that are looked at.`;

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

const boundaryLoss = (sweep: Sweep, periods: readonly number[]): number | null =>
  periods.length === 0
    ? null
    : mean(sweep.periods.filter(({ period }) => periods.includes(period)).map(({ lossBoundary }) => lossBoundary));

/** The verdict as a sentence or three, with the numbers that carry it. */
function explain(
  { verdict, reason }: Judgement,
  e: AuditEvidence,
  followers: readonly HeadScores[],
  positional: readonly HeadScores[],
): string {
  const nats = (x: number): string => `${x.toFixed(2)} nats`;
  const heads = (list: readonly HeadScores[]): string => list.map((h) => h.label).join(', ');
  const parts = [reason];
  if (e.best === null)
    parts.push(
      `The lowest loss on a repeat is ${nats(Math.min(...e.periods.map((p) => p.lossRepeat.value)))}; guessing costs ${nats(e.lnVocab)}.`,
    );
  else {
    const bestLoss = e.periods.find((p) => p.period === e.best)!.lossRepeat.value;
    parts.push(`Solved: ${e.solved.length} of ${e.periods.length} periods, best ${e.best} (${nats(bestLoss)}).`);
    if (e.independent.length === 0 && Number.isFinite(e.otherPeriodLoss))
      parts.push(`At other periods the loss is ${nats(e.otherPeriodLoss)}; guessing costs ${nats(e.lnVocab)}.`);
  }
  if (followers.length > 0) parts.push(`Attention follows the period in ${heads(followers)}.`);
  if (positional.length > 0) parts.push(`The stripe stays without a repeat in ${heads(positional)}.`);
  const strongest = [...e.paths].sort((a, b) => b.increase.value - a.increase.value)[0];
  if (strongest && (verdict === 'induction' || verdict === 'other circuit' || verdict === 'mixed'))
    parts.push(
      `Taking the earlier layers out of the later heads' ${strongest.path.toUpperCase()} input costs most: ${strongest.increase.value >= 0 ? '+' : ''}${nats(strongest.increase.value)}.`,
    );
  return parts.join(' ');
}
