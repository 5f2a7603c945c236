// Training dynamics: the same measurements on every checkpoint of a run.

import * as z from 'zod/mini';
import { allHeads, labelOf } from '../../model/heads.ts';
import { INPUTS, type Input, type Intervention } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { allParts } from '../../model/partIndex.ts';
import { type MeasuredHeads, periodsToScan, scoreHeads, scoringSize } from '../attention/headScores.ts';
import type { HeadScoresRecord } from '../attention/headScoresRecord.ts';
import { ablateEdges, edgesInto } from '../causal/edges.ts';
import { checkModel, checkOptions, commonFields } from '../checks.ts';
import { runPatterns } from '../data/patternRuns.ts';
import { scannedPeriods } from '../data/periods.ts';
import { repeatedProbe } from '../data/probes.ts';
import { RepeatSet, setSize } from '../data/repeatSet.ts';
import { twoCopies } from '../data/twoCopies.ts';
import { asAnalysed } from '../lengths.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { mean } from '../statistics/estimate.ts';
import { compositionScores, randomComposition } from '../weights/composition.ts';
import { WeightCircuits } from '../weights/weightCircuits.ts';
import { ablateHeads } from './circuit.ts';

/** What is measured of one head at one checkpoint. */
export interface HeadPoint {
  /** Its label, as in L0H3. */
  readonly label: string;
  /** Its layer, from 0. */
  readonly layer: number;
  /** Its previous-token score, share of attention. */
  readonly previousToken: number;
  /** Attention to the token after the earlier copy, at half the context as period. */
  readonly inductionStripe: number;
  /** Its period-free excess, share of attention. */
  readonly inductionExcess: number;
  /** Increase of lossRepeat when the head alone is mean-ablated, nats. */
  readonly ablation: number;
  /** Increase of lossRepeat when its edges into the keys of all later heads are ablated, nats; null in the last layer. */
  readonly keyEffect: number | null;
}

/** One checkpoint. Losses and effects in nats, on two copies of a block at several periods. */
export interface DynamicsPoint {
  /** Steps trained. */
  readonly step: number;
  /** Loss of the first copy, nats. */
  readonly lossFirst: number;
  /** Loss of the repeat, nats. */
  readonly lossRepeat: number;
  /** Loss at a late query minus loss at an early one (Olsson et al. 2022), on a block of half the context or all tokens. */
  readonly inContextLearning: number;
  /** Increase when the edges from all earlier layers into that input of all later heads are ablated; null in a model of one layer. */
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

/** Queries whose losses the in-context-learning score compares: a tenth and nine tenths into the context, from the first token drawn. */
export const inContextQueries = (nCtx: number): { early: number; late: number } => ({
  early: Math.floor(nCtx / 10),
  late: Math.floor((9 * nCtx) / 10),
});

const optionsSchema = z.strictObject({ ...commonFields, step: z.int().check(z.gte(0)) });

/**
 * Measures one checkpoint: the same sequences for every one of the same seed. Throws an ArgumentError for options that it
 * does not have, a TooSmallError when context or vocabulary leave no period, a NotFiniteError when outputs are not finite.
 * @param options.seed Seed of the sequences that are drawn.
 * @param options.sequences How many.
 * @param options.step The step of the checkpoint.
 */
export function measureCheckpoint(
  model: Model,
  options: { step: number; sequences?: number; seed?: number; onProgress?: OnProgress },
): DynamicsPoint {
  checkModel('measureCheckpoint', model);
  checkOptions('measureCheckpoint', optionsSchema, options);
  const { step, sequences = 24, seed = 0 } = options;
  scannedPeriods(model.config, 'measureCheckpoint');
  const config = asAnalysed(model.config);
  const scoring = { sequences, seed, mostPeriods: 6 };
  const scoringTokens = scoringSize(model, scoring);
  const inputs = config.nLayers > 1 ? INPUTS.length : 0;
  const runs = 1 + inputs + config.nHeads * (2 * config.nLayers - 1);
  const periods = periodsToScan(config, scoring);
  const progress = new Progress(options.onProgress, scoringTokens + runs * setSize(config, periods, 2 * sequences));
  const onProgress = progress.part(scoringTokens);
  const measured = scoreHeads('measureCheckpoint', model, { ...scoring, onProgress });
  const set = new RepeatSet(model, { sequences: 2 * sequences, seed, periods: measured.scores.periods });
  progress.add(set.size);
  const point = set.reporting(progress, () => pointOf(set, { step, sequences, ...measured }));
  progress.finish();
  return point;
}

function pointOf(
  set: RepeatSet,
  { step, sequences, scores, scan }: MeasuredHeads & { step: number; sequences: number },
): DynamicsPoint {
  const { model } = set;
  const config = asAnalysed(model.config);
  const circuits = new WeightCircuits(model.config, model.getWeights());
  return {
    step,
    lossFirst: mean(scan.periods.map(({ lossFirst }) => lossFirst)),
    lossRepeat: mean(scan.periods.map(({ lossRepeat }) => lossRepeat.value)),
    inContextLearning: inContextLearning(model, { period: scores.stripePeriod, sequences, seed: set.seed }),
    pathEffects: pathEffects(set),
    heads: headPoints(set, scores),
    composition: compositionScores(circuits, { baseline: baselineOf(config) }).scores.map(
      ({ earlier, later, kind, corrected }) => ({ earlier, later, input: kind, corrected }),
    ),
  };
}

/** Loss at a late query minus loss at an early one, on two copies of a block of that period. */
function inContextLearning(
  model: Model,
  { period, sequences, seed }: { period: number; sequences: number; seed: number },
): number {
  const config = asAnalysed(model.config);
  // A block longer than the vocabulary would hold a token twice; the queries then lie in two copies of a shorter one.
  const { start, length } = twoCopies(config, period);
  const drawn = config.nCtx - start;
  const { early, late } = inContextQueries(period === Math.floor(drawn / 2) ? drawn : 2 * period);
  const losses = runPatterns(model, repeatedProbe({ config, count: sequences, seed }, period), {});
  const lastQuery = length - 2;
  const at = (query: number): number => mean(losses.map((l) => l[Math.min(start + query, lastQuery)]!));
  return at(late) - at(early);
}

/** Increase of lossRepeat under interventions, nats. */
const increase = (set: RepeatSet, interventions: readonly Intervention[]): number =>
  mean(set.losses(interventions)) - mean(set.clean);

function pathEffects(set: RepeatSet): DynamicsPoint['pathEffects'] {
  const { config } = set.model;
  if (config.nLayers === 1) return null;
  const sources = allParts(config);
  const [q, k, v] = INPUTS.map((input) =>
    increase(set, ablateEdges(edgesInto(allHeads(config), { input, sources }), { set })),
  ) as [number, number, number];
  return { q, k, v };
}

function headPoints(set: RepeatSet, scores: HeadScoresRecord): HeadPoint[] {
  const { config } = set.model;
  return allHeads(config).map((name, i): HeadPoint => {
    const { previousToken, inductionStripe, inductionExcess } = scores.heads[i]!;
    const keys = edgesInto(allHeads(config), { input: 'k', sources: [name] });
    return {
      label: labelOf(name),
      layer: name.layer,
      previousToken: previousToken.value,
      inductionStripe: inductionStripe.value,
      inductionExcess: inductionExcess.value,
      ablation: increase(set, ablateHeads(set, [name])),
      keyEffect: keys.length === 0 ? null : increase(set, ablateEdges(keys, { set })),
    };
  });
}

/** The random baseline depends on two sizes alone; all checkpoints share it. */
const baselines = new Map<string, ReturnType<typeof randomComposition>>();
function baselineOf({ dModel, dHead }: { dModel: number; dHead: number }): ReturnType<typeof randomComposition> {
  const key = `${dModel},${dHead}`;
  const found = baselines.get(key) ?? randomComposition({ dModel, dHead });
  baselines.set(key, found);
  return found;
}
