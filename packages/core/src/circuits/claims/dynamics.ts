// Training dynamics: the same measurements on every checkpoint of a run, and from them the phase change.
import * as z from 'zod/mini';
import { checkArgument } from '../../errors/arguments.ts';
import { allHeads, earlierHeads, type HeadIndex, INPUTS, type Input } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { type HeadScoresRecord, type Sweep, scoreHeads, scoringSize, sweptPeriods } from '../attention/headScores.ts';
import { runPatterns } from '../attention/patternRuns.ts';
import { checkModel, checkOptions, commonFields } from '../checks.ts';
import { repeatedProbe } from '../data/probes.ts';
import { RepeatSet, setSize } from '../data/repeatSet.ts';
import { asAnalysed } from '../lengths.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { mean } from '../statistics/estimate.ts';
import { compositionScores, randomComposition } from '../weights/composition.ts';
import { WeightCircuits } from '../weights/weightCircuits.ts';
import { ablateHeads, cutEdges, type Edge, labelOf } from './circuit.ts';
import { FOLLOWS } from './verdict.ts';

/** What is measured of one head at one checkpoint. */
export interface HeadPoint {
  readonly label: string;
  readonly layer: number;
  readonly previousToken: number;
  /** Attention to the token after the earlier copy, at half the context as period. */
  readonly inductionStripe: number;
  readonly inductionExcess: number;
  /** Increase of lossRepeat when the head alone is mean-ablated, nats. */
  readonly ablation: number;
  /** Increase of lossRepeat when the head is taken out of the keys of all later heads, nats; null in the last layer. */
  readonly keyEffect: number | null;
}

/** One checkpoint. Losses and effects in nats, on two copies of a block at several periods. */
export interface DynamicsPoint {
  readonly step: number;
  readonly lossFirst: number;
  readonly lossRepeat: number;
  /** Loss at a late query minus loss at an early one (Olsson et al. 2022), on a block of half the context or all tokens. */
  readonly inContextLearning: number;
  /** Cutting all earlier layers out of that input of all later heads; null in a model of one layer. */
  readonly pathEffects: Readonly<Record<Input, number>> | null;
  readonly heads: readonly HeadPoint[];
  /** Composition scores of all pairs above random matrices of the same shapes. */
  readonly composition: readonly {
    readonly earlier: string;
    readonly later: string;
    readonly input: Input;
    readonly corrected: number;
  }[];
}

/** Queries whose losses the in-context-learning score compares: a tenth and nine tenths into the context. */
export const inContextQueries = (nCtx: number): { early: number; late: number } => ({
  early: Math.floor(nCtx / 10),
  late: Math.floor((9 * nCtx) / 10),
});

const optionsSchema = z.strictObject({ ...commonFields, step: z.int().check(z.gte(0)) });

/**
 * Measures one checkpoint: the same sequences for every one of the same seed. Throws an ArgumentError for options that it
 * does not have, a TooSmallError when context or vocabulary leave no period, a NotFiniteError when outputs are not finite.
 */
export function measureCheckpoint(
  model: Model,
  options: { step: number; sequences?: number; seed?: number; onProgress?: OnProgress },
): DynamicsPoint {
  checkModel('measureCheckpoint', model);
  checkOptions('measureCheckpoint', optionsSchema, options);
  const { step, sequences = 24, seed = 0 } = options;
  const config = asAnalysed(model.config);
  const scoring = { sequences, seed, mostPeriods: 6 };
  const scoringTokens = scoringSize(model, scoring, 'measureCheckpoint');
  const inputs = config.nLayers > 1 ? INPUTS.length : 0;
  const runs = 1 + inputs + config.nHeads * (2 * config.nLayers - 1);
  const periods = sweptPeriods(config, scoring, 'measureCheckpoint');
  const progress = new Progress(options.onProgress, scoringTokens + runs * setSize(periods, 2 * sequences));
  const onProgress = progress.part(scoringTokens);
  const { scores, sweep } = scoreHeads('measureCheckpoint', model, { ...scoring, onProgress });
  const set = new RepeatSet(model, { sequences: 2 * sequences, seed, periods: scores.periods });
  progress.add(set.size);
  const point = set.reporting(progress, () => pointOf(set, { step, sequences, scores, sweep }));
  progress.finish();
  return point;
}

function pointOf(
  set: RepeatSet,
  { step, sequences, scores, sweep }: { step: number; sequences: number; scores: HeadScoresRecord; sweep: Sweep },
): DynamicsPoint {
  const { model, seed } = set;
  const config = asAnalysed(model.config);
  const increase = (interventions: Parameters<RepeatSet['losses']>[0]): number =>
    mean(set.losses(interventions)) - mean(set.clean);
  const later = allHeads(config).filter(({ layer }) => layer > 0);
  const into = (input: Input, keep: (source: HeadIndex) => boolean): Edge[] =>
    later.flatMap((target) =>
      earlierHeads(config, target.layer)
        .filter(keep)
        .map((source) => ({ source, target, input })),
    );
  const circuits = new WeightCircuits(model.config, model.getWeights());
  // A block longer than the vocabulary would hold a token twice; the queries then lie in two copies of a shorter one.
  const period = scores.stripePeriod;
  const { early, late } = inContextQueries(period === Math.floor(config.nCtx / 2) ? config.nCtx : 2 * period);
  const half = repeatedProbe({ config, count: sequences, seed }, period);
  const losses = runPatterns(model, half, {});
  const lastQuery = half[0]!.length - 2;
  const at = (query: number): number => mean(losses.map((l) => l[Math.min(query, lastQuery)]!));
  return {
    step,
    lossFirst: mean(sweep.periods.map(({ lossFirst }) => lossFirst)),
    lossRepeat: mean(sweep.periods.map(({ lossRepeat }) => lossRepeat.value)),
    inContextLearning: at(late) - at(early),
    pathEffects:
      later.length === 0
        ? null
        : (Object.fromEntries(INPUTS.map((input) => [input, increase(cutEdges(into(input, () => true)))])) as Record<
            Input,
            number
          >),
    heads: allHeads(config).map((name, i) => ({
      label: labelOf(name),
      layer: name.layer,
      previousToken: scores.heads[i]!.previousToken.value,
      inductionStripe: scores.heads[i]!.inductionStripe.value,
      inductionExcess: scores.heads[i]!.inductionExcess.value,
      ablation: increase(ablateHeads(set, [name])),
      keyEffect:
        name.layer === config.nLayers - 1
          ? null
          : increase(cutEdges(into('k', ({ layer, head }) => layer === name.layer && head === name.head))),
    })),
    composition: compositionScores(circuits, { baseline: baselineOf(config) }).scores.map(
      ({ earlier, later: target, kind, corrected }) => ({ earlier, later: target, input: kind, corrected }),
    ),
  };
}

/** The random baseline depends on two sizes alone; all checkpoints share it. */
const baselines = new Map<string, ReturnType<typeof randomComposition>>();
function baselineOf({ dModel, dHead }: { dModel: number; dHead: number }): ReturnType<typeof randomComposition> {
  const key = `${dModel},${dHead}`;
  const found = baselines.get(key) ?? randomComposition({ dModel, dHead });
  baselines.set(key, found);
  return found;
}

/** When something of a run first held, in steps, at the resolution of what was measured; null when never. */
export interface DynamicsEvent {
  readonly what: 'loss' | 'induction' | 'previous-token head' | 'K-composition' | 'K path';
  readonly description: string;
  readonly step: number | null;
}

export interface PhaseChange {
  /** The first step at which lossRepeat has fallen by half and some head's excess has passed 0.3; null when never. */
  readonly step: number | null;
  /** In the order in which they happened; what never happened comes last. */
  readonly events: readonly DynamicsEvent[];
  /** The earlier head that builds the keys at the end, by its effect on them, and its strongest reader. */
  readonly previousTokenHead: string | null;
  readonly inductionHead: string | null;
}

/** An effect on the keys below this, in nats, names nobody. */
const LEAST_KEY_EFFECT = 0.5;

/** Steps of the training log that a crossing is averaged over: single batches are noisy. */
const SMOOTHED = 10;

// Losses may be NaN: a task without a repeat has none.
const pointsSchema = z.array(z.looseObject({ step: z.number(), heads: z.array(z.any()) }));
const logSchema = z.array(z.looseObject({ step: z.number() }));

/** First step after which the loss, averaged over ten records, stays below half of its first average; null when never. */
function halved(losses: readonly { readonly step: number; readonly lossRepeat: number }[]): number | null {
  const window = Math.min(SMOOTHED, losses.length);
  const average = (from: number): number => mean(losses.slice(from, from + window).map(({ lossRepeat }) => lossRepeat));
  const half = average(0) / 2;
  let step: number | null = null;
  for (let i = 0; i + window <= losses.length; i++)
    if (average(i) < half) step ??= losses[i]!.step;
    else step = null;
  return step;
}

/**
 * The phase change by a stated rule: `lossRepeat` has fallen by half (in the training log if one is given, averaged over
 * ten records, otherwise at the checkpoints), and some head's period-free excess is above 0.3. Around it, when the others crossed half of their final value: the previous-token
 * score of the head that builds the keys at the end, its K-composition with its strongest reader (above random), and the
 * effect of the K path. Crossings are counted from the step or checkpoint after which they hold to the end.
 */
export function phaseChange(
  points: readonly DynamicsPoint[],
  log: readonly { readonly step: number; readonly lossRepeat: number }[] = [],
): PhaseChange {
  checkArgument('phaseChange', 'points', pointsSchema, points);
  checkArgument('phaseChange', 'log', logSchema, log);
  const last = points.at(-1);
  const first = points[0];
  if (!first || !last) throw new Error('phaseChange: expected at least one checkpoint.');
  const since = (holds: (point: DynamicsPoint) => boolean): number | null => {
    let step: number | null = null;
    for (const point of points)
      if (!holds(point)) step = null;
      else step ??= point.step;
    return step;
  };
  const head = (point: DynamicsPoint, label: string): HeadPoint => point.heads.find((h) => h.label === label)!;
  const builder = last.heads
    .filter(({ keyEffect }) => keyEffect !== null && keyEffect >= LEAST_KEY_EFFECT)
    .reduce<HeadPoint | null>((a, b) => (a === null || b.keyEffect! > a.keyEffect! ? b : a), null);
  const follower = last.heads.reduce((a, b) => (b.inductionExcess > a.inductionExcess ? b : a));
  const reader = follower.inductionExcess > FOLLOWS ? follower : null;
  const composition = (point: DynamicsPoint): number =>
    point.composition.find((c) => c.earlier === builder?.label && c.later === reader?.label && c.input === 'k')
      ?.corrected ?? Number.NaN;
  const halfOf = (value: (point: DynamicsPoint) => number): ((point: DynamicsPoint) => boolean) => {
    const end = value(last);
    return (point) => end > 0 && value(point) >= end / 2;
  };
  const loss = log.length > 0 ? halved(log) : since(({ lossRepeat }) => lossRepeat < first.lossRepeat / 2);
  const induction = since(({ heads }) => heads.some(({ inductionExcess }) => inductionExcess > FOLLOWS));
  const events: DynamicsEvent[] = [
    { what: 'loss', description: 'loss on the repeat below half of its start', step: loss },
    {
      what: 'induction',
      description: `attention of some head follows the period (excess above ${FOLLOWS})`,
      step: induction,
    },
  ];
  if (builder)
    events.push({
      what: 'previous-token head',
      description: `previous-token score of ${builder.label} at half of its end`,
      step: since(halfOf((p) => head(p, builder.label).previousToken)),
    });
  if (builder && reader && builder.layer < reader.layer)
    events.push({
      what: 'K-composition',
      description: `K-composition of ${builder.label} with ${reader.label} above random, at half of its end`,
      step: since(halfOf(composition)),
    });
  if (builder)
    events.push({
      what: 'K path',
      description: 'effect of cutting the K path at half of its end',
      step: since(halfOf((p) => p.pathEffects?.k ?? Number.NaN)),
    });
  const never = Number.POSITIVE_INFINITY;
  return {
    step: loss === null || induction === null ? null : Math.max(loss, induction),
    events: [...events].sort((a, b) => (a.step ?? never) - (b.step ?? never)),
    previousTokenHead: builder?.label ?? null,
    inductionHead: reader?.label ?? null,
  };
}
