// Every head of a language model by every detector, on random tokens of its vocabulary that repeat: the map of its heads.
import * as z from 'zod/mini';
import { allHeads, headLabel } from '../../model/heads.ts';
import type { Model } from '../../model/model.ts';
import type { Detector } from '../attention/detector.ts';
import { jobs } from '../attention/detectors.ts';
import { checkAnswers, checkDetectors, onCopies } from '../attention/ownDetectors.ts';
import { type DetectorChance, type DetectorScore, scoredDetectors } from '../attention/scoredDetectors.ts';
import { type ScoreName, ScoreTable } from '../attention/scoreTable.ts';
import { checkModel, checkOptions, commonFields } from '../checks.ts';
import { FOLLOWS } from '../claims/thresholds.ts';
import { runPatterns, showPatterns } from '../data/patternRuns.ts';
import { withNextToken } from '../data/prompts.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { type Estimate, estimate } from '../statistics/estimate.ts';
import { drawFourfold, drawRepeats, usualPeriod } from './drawRepeats.ts';
import { type RepeatLosses, repeatLosses } from './following.ts';

/** The scores of the map (docs/scores.md). */
export type MapScore = Exclude<ScoreName, 'previousTokenFirstHalf'>;
/** The same as values, in the order of a record. */
export const MAP_SCORES: readonly MapScore[] = [
  'previousToken',
  'currentToken',
  'firstToken',
  'duplicateToken',
  'inductionStripe',
  'inductionStripeControl',
  'inductionExcess',
  'inductionByContent',
  'prefixMatching',
];

/** A head, with its mean and interval by every score. */
export type MappedHead = Readonly<Record<MapScore, Estimate>> & {
  /** L0H3 */
  readonly label: string;
  readonly layer: number;
  readonly head: number;
  /** Attention to the places of earlier copies where there is no copy. */
  readonly duplicateTokenControl: Estimate;
  /** By the user's detectors, where there are any. */
  readonly detectors?: Readonly<Record<string, DetectorScore>>;
};

/** The map of the heads of a model. */
export interface HeadMapRecord {
  readonly heads: readonly MappedHead[];
  /** What uniform attention scores; of the excess 0. */
  readonly chance: Readonly<Record<MapScore, number>>;
  /** Heads above the thresholds, the strongest first. */
  readonly marked: Readonly<Record<Mark, readonly string[]>>;
  readonly losses: RepeatLosses;
  /** The user's detectors in the order given, where there are any. */
  readonly detectors?: readonly DetectorChance[];
  readonly period: number;
  readonly sequences: number;
  readonly seed: number;
}

/** What heads are called that do one thing mostly. */
export const MARKS = ['induction', 'previous-token', 'duplicate-token'] as const;
/** One of MARKS. */
export type Mark = (typeof MARKS)[number];

/** A head looks at the previous token when so much of its attention goes there, above chance. */
export const LOOKS_BACK = 0.3;

/** How much a head does of each, and from where on it is marked. */
export const markShares: Readonly<
  Record<Mark, { of: (head: MappedHead, chance: HeadMapRecord['chance']) => number; above: number }>
> = {
  induction: { of: ({ inductionExcess }) => inductionExcess.value, above: FOLLOWS },
  'previous-token': {
    of: ({ previousToken }, chance) => previousToken.value - chance.previousToken,
    above: LOOKS_BACK,
  },
  'duplicate-token': {
    of: ({ duplicateToken, duplicateTokenControl }) => duplicateToken.value - duplicateTokenControl.value,
    above: FOLLOWS,
  },
};

/** What is drawn for the map, and how much. */
export interface HeadMapOptions {
  /** Tokens to draw from; `drawnTokens` finds them. */
  readonly tokens: readonly number[];
  /** Length of the block; 25 unless told, or what fits: four copies must. */
  readonly period?: number;
  /** Of each kind: repeats, their controls, four copies. */
  readonly sequences?: number;
  readonly seed?: number;
  /** Detectors of your own beside the built-in ones. */
  readonly detectors?: readonly Detector[];
  readonly onProgress?: OnProgress;
}

const schema = z.strictObject({
  ...commonFields,
  tokens: z.array(z.int().check(z.gte(0))).check(z.minLength(2)),
  period: z.optional(z.int().check(z.gte(2))),
  detectors: z.optional(z.unknown()), // checkDetectors says what they may be
});

/**
 * Scores every head. The control of a repeat has the same second block behind another first one, so that an excess is attention
 * that follows the repeat and nothing else. Throws an ArgumentError for options that it does not have, a TooSmallError where
 * context or vocabulary are too small, a NotFiniteError where a loss is not finite.
 */
export function headMap(model: Model, options: HeadMapOptions): HeadMapRecord {
  const caller = 'headMap';
  checkModel(caller, model);
  checkOptions(caller, schema, options);
  const { tokens, sequences = 32, seed = 0, detectors: given = [], onProgress } = options;
  checkDetectors(caller, given);
  const { period = usualPeriod(model.config, tokens, 4) } = options;
  const draw = { config: model.config, tokens, count: sequences, seed, period };
  const { repeat, control, place } = drawRepeats(draw);
  const probes = { repeat, control, fourfold: drawFourfold(draw) };
  checkAnswers(caller, given, ({ on = 'repeat' }) => ({
    sequences: probes[on].map((sequence) => ({ tokens: sequence, queries: withNextToken(sequence) })),
    called: `sequences of the kind "${on}"`,
    remedy: 'its keys, or at `on`',
  }));
  const size = 2 * place.length + (probes.fourfold[0] as Int32Array).length;
  const progress = new Progress(onProgress, sequences * size);
  const heads = allHeads(model.config);
  const table = new ScoreTable<ScoreName>(heads.length, sequences);
  const copies = jobs(['duplicateToken']);
  // No token of these sequences comes twice but in the other copy: content cannot act on the control.
  const config = { ...model.config, nCtx: place.length, dVocab: Math.max(model.config.dVocab, place.length) };
  const own = given.map(onCopies);
  const detectors = scoredDetectors([...copies, ...own], { config, probes, table });
  const run = (kind: 'repeat' | 'control'): Float64Array[] =>
    runPatterns(model, probes[kind], { progress, visit: (visit) => detectors.score(kind, visit) });
  const losses = repeatLosses(run('repeat'), run('control'), place);
  showPatterns(model, probes.fourfold, { progress, visit: (visit) => detectors.score('fourfold', visit) });
  const mapped = heads.map(({ layer, head }, index): MappedHead => {
    const [stripe, fresh] = (['inductionStripe', 'inductionStripeControl'] as const).map((n) =>
      table.valuesOf(n, index),
    );
    const excess = estimate(stripe!.map((x, s) => x - fresh![s]!));
    const scores = { ...table.estimates(index), inductionExcess: excess };
    const { duplicateToken, ...ownScores } = detectors.ownScores(index);
    return {
      ...{ label: headLabel(layer, head), layer, head },
      ...(Object.fromEntries(MAP_SCORES.map((name) => [name, scores[name]])) as Record<MapScore, Estimate>),
      duplicateTokenControl: duplicateToken!.control!,
      ...(own.length === 0 ? {} : { detectors: ownScores }),
    };
  });
  progress.finish();
  const chance = Object.fromEntries(
    MAP_SCORES.map((name) => [name, name === 'inductionExcess' ? 0 : detectors.chance.get(name)!]),
  ) as Record<MapScore, number>;
  return {
    ...{ heads: mapped, chance, marked: markedHeads(mapped, chance), losses, period, sequences, seed },
    ...(own.length === 0 ? {} : { detectors: detectors.own.slice(copies.length) }),
  };
}

function markedHeads(heads: readonly MappedHead[], chance: HeadMapRecord['chance']): HeadMapRecord['marked'] {
  const above = (mark: Mark): string[] => {
    const { of, above: threshold } = markShares[mark];
    const shares = new Map(heads.map((head) => [head.label, of(head, chance)]));
    return [...shares]
      .filter(([, share]) => share > threshold)
      .sort((a, b) => b[1] - a[1])
      .map(([label]) => label);
  };
  return Object.fromEntries(MARKS.map((mark) => [mark, above(mark)])) as Record<Mark, string[]>;
}
