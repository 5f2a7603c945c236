// Every path from a head to a later head's Q, K or V: what the measure and the later head's attention lose without it, and
// what gradients would have said.

import * as z from 'zod/mini';
import { allHeads, earlierHeads, type HeadIndex, headLabel } from '../../model/heads.ts';
import { INPUTS, type Input, type Intervention } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { contentScore } from '../attention/contentScore.ts';
import { inductionStripe, twoCopies } from '../attention/inductionStripe.ts';
import { type Measured, measuredBy } from '../data/measuredBy.ts';
import type { PatternVisit } from '../data/patternRuns.ts';
import type { PromptSet } from '../data/promptSet.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { type Estimate, estimate } from '../statistics/estimate.ts';
import { difference, type Effect, effectsWithControls } from './effects.ts';
import { checkOnSet, type OnSetOptions, onSet } from './onSet.ts';
import { ATTRIBUTION_RUNS, attributePaths, type PathAttribution } from './pathAttribution.ts';

/** One edge ablated: a head's output into one input of one later head alone. The control: other sources of its layer, same target. */
export interface PathCell extends Effect {
  readonly source: string;
  readonly target: string;
  readonly input: Input;
  /**
   * Change of the target's attention to the token after the earlier copy (induction stripe), share of attention. On given
   * prompts: to the tokens after earlier copies of the query's token; NaN where no prompt has one.
   */
  readonly stripeChange: Estimate;
  /** Attribution: the increase by first order, gradient × (what is put in its place − the source's output). */
  readonly attributed: Estimate;
}

/**
 * The edges from all heads of earlier layers into one input of one head, ablated together. Several may share what it reads, each spared
 * alone: small cells of its column can hide a large joint effect.
 */
export interface JointPath {
  readonly target: string;
  readonly input: Input;
  /** Increase of the measure, lossRepeat unless told. */
  readonly increase: Estimate;
  /** Change of the target's attention as in the cells, share of attention. */
  readonly stripeChange: Estimate;
}

export interface PathTableRecord extends Measured {
  /** What takes the place of the source's output: nothing, or its mean over sequences and positions. */
  readonly by: 'zero' | 'mean';
  readonly periods: readonly number[];
  readonly cleanLoss: Estimate;
  readonly cells: readonly PathCell[];
  /** For every later head and input, all of its sources at once. */
  readonly joint: readonly JointPath[];
  /** Why there are no cells; null when there are. */
  readonly doesNotApply: string | null;
  readonly sequences: number;
  /** Of the repeats; null where prompts were given. */
  readonly seed: number | null;
}

const REPLACED_BY = ['zero', 'mean'] as const;

/**
 * The whole table, on the prompts, or on two copies of a block at periods that the model solves. Edge ablation acts on the input before its
 * LayerNorm. A model of one layer has no paths between heads, and the record says so. Throws an ArgumentError for options
 * that it does not have, an Error for prompts that cannot be meant, a TooSmallError when context or vocabulary leave no period, a NotFiniteError when outputs or
 * gradients are not finite.
 */
export function pathTable(
  model: Model,
  options: OnSetOptions & { readonly by?: 'zero' | 'mean' } = {},
): PathTableRecord {
  checkOnSet('pathTable', { model, options, fields: { by: z.optional(z.enum(REPLACED_BY)) } });
  const { by = 'zero' } = options;
  const later = allHeads(model.config).filter(({ layer }) => layer > 0);
  const runsInto = ({ layer }: HeadIndex): number => 1 + INPUTS.length * (1 + earlierHeads(model.config, layer).length);
  const runs = later.reduce((sum, target) => sum + runsInto(target), later.length > 0 ? ATTRIBUTION_RUNS : 0);
  const measure = (set: PromptSet): PathTableRecord => {
    const attributed = later.length > 0 ? attributePaths(set, by) : null;
    const columns = later.flatMap((target) => {
      const { stripe } = stripeOf(set, target, []);
      return INPUTS.map((input) => column(set, { target, input, by, stripe, attributed: attributed! }));
    });
    return {
      by,
      periods: set.periods,
      cleanLoss: estimate(set.clean),
      cells: columns.flatMap(({ cells }) => cells),
      joint: columns.map(({ joint }) => joint),
      doesNotApply: later.length > 0 ? null : 'A model of one layer has no paths from a head to a later one.',
      sequences: set.sequences,
      seed: set.seed,
      ...measuredBy(set),
    };
  };
  return onSet('pathTable', { model, options }, { runs, measure });
}

interface Column {
  readonly target: HeadIndex;
  readonly input: Input;
  readonly by: 'zero' | 'mean';
  /** The target's stripe with nothing ablated, by sequence. */
  readonly stripe: Float64Array;
  readonly attributed: PathAttribution;
}

/** Every source of one input of one head, alone and together. */
function column(
  set: PromptSet,
  { target, input, by, stripe, attributed }: Column,
): { cells: PathCell[]; joint: JointPath } {
  const sources = earlierHeads(set.model.config, target.layer);
  const into = { target: headLabel(target.layer, target.head), input };
  const ablated = sources.map((source) => ablateSources(set, { sources: [source], target, input, by }));
  const effects = effectsWithControls(
    sources,
    ablated.map(({ increase }) => increase),
  );
  const cells = sources.map(
    (source, i): PathCell => ({
      source: headLabel(source.layer, source.head),
      ...into,
      ...effects[i]!,
      stripeChange: estimate(difference(ablated[i]!.stripe, stripe)),
      attributed: estimate(attributed.get(input, source, target)),
    }),
  );
  const all = ablateSources(set, { sources: 'allEarlier', target, input, by });
  const joint = { ...into, increase: estimate(all.increase), stripeChange: estimate(difference(all.stripe, stripe)) };
  return { cells, joint };
}

/** The edges from some sources into one input of one head. */
interface Path {
  readonly sources: readonly HeadIndex[] | 'allEarlier';
  readonly target: HeadIndex;
  readonly input: Input;
  readonly by: 'zero' | 'mean';
}

function ablateSources(
  set: PromptSet,
  { sources, target, input, by }: Path,
): { increase: Float64Array; stripe: Float64Array } {
  const intervention: Intervention = { kind: 'removeFromInput', ...target, input, sources, by };
  const { measured, stripe } = stripeOf(set, target, [intervention]);
  return { increase: difference(measured, set.clean), stripe };
}

/** A head's attention to the token after the earlier copy, by sequence, and the measure of the same runs. */
function stripeOf(
  set: PromptSet,
  target: HeadIndex,
  interventions: readonly Intervention[],
): { measured: Float64Array; stripe: Float64Array } {
  const { layer } = target;
  const index = layer * set.model.config.nHeads + target.head;
  const stripe = new Float64Array(set.sequences);
  const visit = ({ sequence, head, attention }: PatternVisit): void => {
    if (head !== index) return;
    stripe[sequence] =
      set instanceof RepeatSet
        ? inductionStripe(attention, twoCopies(set.periodOf(sequence)))
        : contentScore(attention, set.prompts[sequence]!.tokens, 1);
  };
  return { measured: set.measured(interventions, { visit, layer }), stripe };
}
