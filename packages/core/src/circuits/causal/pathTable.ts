// Every path from a head to a later head's Q, K or V: what the loss and the later head's attention lose without it, and
// what gradients would have said.

import * as z from 'zod/mini';
import { allHeads, checkOwnInputs, earlierHeads, type HeadIndex, headLabel } from '../../model/heads.ts';
import { INPUTS, type Input, type Intervention } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { inductionStripe, twoCopies } from '../attention/inductionStripe.ts';
import type { PatternVisit } from '../data/patternRuns.ts';
import type { RepeatSet } from '../data/repeatSet.ts';
import { type Estimate, estimate } from '../statistics/estimate.ts';
import { difference, type Effect, effectsWithControls } from './effects.ts';
import { checkOnSet, type OnSetOptions, onSet } from './onSet.ts';
import { ATTRIBUTION_RUNS, attributePaths, type PathAttribution } from './pathAttribution.ts';

/** One edge ablated: a head's output into one input of one later head alone. The control: other sources of its layer, same target. */
export interface PathCell extends Effect {
  readonly source: string;
  readonly target: string;
  readonly input: Input;
  /** Change of the target's attention to the token after the earlier copy (induction stripe), share of attention. */
  readonly stripeChange: Estimate;
  /** Attribution: the increase by first order, gradient × (what is put in its place − the source's output). Nats. */
  readonly attributed: Estimate;
}

/**
 * The edges from all heads of earlier layers into one input of one head, ablated together. Several may share what it reads, each spared
 * alone: small cells of its column can hide a large joint effect.
 */
export interface JointPath {
  readonly target: string;
  readonly input: Input;
  /** Increase of lossRepeat, nats. */
  readonly increase: Estimate;
  /** Change of the target's induction stripe, share of attention. */
  readonly stripeChange: Estimate;
}

export interface PathTableRecord {
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
  readonly seed: number;
}

const REPLACED_BY = ['zero', 'mean'] as const;

/**
 * The whole table, on two copies of a block at periods that the model solves. Edge ablation acts on the input before its
 * LayerNorm. A model of one layer has no paths between heads, and the record says so. Throws an ArgumentError for options
 * that it does not have, a TooSmallError when context or vocabulary leave no period, a NotFiniteError when outputs or
 * gradients are not finite.
 */
export function pathTable(
  model: Model,
  options: OnSetOptions & { readonly by?: 'zero' | 'mean' } = {},
): PathTableRecord {
  checkOnSet('pathTable', { model, options, fields: { by: z.optional(z.enum(REPLACED_BY)) } });
  const { by = 'zero' } = options;
  const later = allHeads(model.config).filter(({ layer }) => layer > 0);
  if (later.length > 0) checkOwnInputs(model.config, 'pathTable');
  const runsInto = ({ layer }: HeadIndex): number => 1 + INPUTS.length * (1 + earlierHeads(model.config, layer).length);
  const runs = later.reduce((sum, target) => sum + runsInto(target), later.length > 0 ? ATTRIBUTION_RUNS : 0);
  return onSet(model, options, {
    runs,
    measure: (set) => {
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
      };
    },
  });
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
  set: RepeatSet,
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
  set: RepeatSet,
  { sources, target, input, by }: Path,
): { increase: Float64Array; stripe: Float64Array } {
  const intervention: Intervention = { kind: 'removeFromInput', ...target, input, sources, by };
  const { losses, stripe } = stripeOf(set, target, [intervention]);
  return { increase: difference(losses, set.clean), stripe };
}

/** A head's attention to the token after the earlier copy, by sequence, and the losses of the same runs. */
function stripeOf(
  set: RepeatSet,
  target: HeadIndex,
  interventions: readonly Intervention[],
): { losses: Float64Array; stripe: Float64Array } {
  const { layer } = target;
  const index = layer * set.model.config.nHeads + target.head;
  const perPeriod = set.sequences / set.periods.length;
  const stripe = new Float64Array(set.sequences);
  const visit = (period: number, { sequence, head, attention }: PatternVisit): void => {
    if (head !== index) return;
    stripe[set.periods.indexOf(period) * perPeriod + sequence] = inductionStripe(attention, twoCopies(period));
  };
  return { losses: set.losses(interventions, { visit, layer }), stripe };
}
