// Every edge from a head to a later head's Q, K or V, and from and to MLPs: what the measure and the later head's attention lose
// without it, and what gradients would have said.

import * as z from 'zod/mini';
import type { Intervention } from '../../model/interventions/interventions.ts';
import { gradientFunction, measureOf } from '../../model/measures/measuring.ts';
import type { Model } from '../../model/model.ts';
import { earlierParts, isMlp, type PartIndex, partLabel } from '../../model/partIndex.ts';
import { contentScore } from '../attention/contentScore.ts';
import { inductionStripe } from '../attention/inductionStripe.ts';
import { type Measured, measuredBy } from '../data/measuredBy.ts';
import type { PatternVisit } from '../data/patternRuns.ts';
import type { PromptSet } from '../data/promptSet.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { type Estimate, estimate } from '../statistics/estimate.ts';
import { attributeEdges, attributionRuns, type EdgeAttribution } from './edgeAttribution.ts';
import { ablateEdges, type Edge, edgesInto, inputsOf, laterInputs } from './edges.ts';
import { difference, type Effect, effectsWithControls } from './effects.ts';
import { checkOnSet, type OnSetOptions, onSet } from './onSet.ts';

/** One edge ablated: what a head or an MLP writes, into one input of one later part alone. The control: other heads of its layer, same target. */
export interface PathCell extends Effect {
  /** Label of the part that writes. */
  readonly source: string;
  /** Label of the part that reads. */
  readonly target: string;
  readonly input: Edge['input'];
  /**
   * Change of the target's attention to the token after the earlier copy (induction stripe), share of attention. On given
   * prompts: to the tokens after earlier copies of the query's token; NaN where no prompt has one, and of MLPs.
   */
  readonly stripeChange: Estimate;
  /**
   * Attribution: the increase by first order, gradient × (what is put in its place − the source's output). Null where the
   * measure has no gradient.
   */
  readonly attributed: Estimate | null;
  /** The increase by integrated gradients, nats; where they were asked for. */
  readonly integrated?: Estimate;
}

/**
 * The edges from all earlier heads and MLPs into one input of one part, ablated together. Several may share what it reads, each spared
 * alone: small cells of its column can hide a large joint effect.
 */
export interface JointPath {
  /** Label of the part that reads. */
  readonly target: string;
  readonly input: Edge['input'];
  /** Increase of the measure, lossRepeat unless told. */
  readonly increase: Estimate;
  /** Change of the target's attention as in the cells, share of attention. */
  readonly stripeChange: Estimate;
  /** The sum of its edges' integrated gradients: complete where it is the increase. Nats; where they were asked for. */
  readonly integrated?: Estimate;
}

export interface PathTableOptions extends OnSetOptions {
  readonly by?: 'zero' | 'mean';
  /** Integrated gradients too, at so many points of each line; many runs, so only where asked for. 8 are usual. */
  readonly integrationSteps?: number;
}

export interface PathTableRecord extends Measured {
  /** What takes the place of the source's output: nothing, or its mean over the whole set. */
  readonly by: 'zero' | 'mean';
  /** Periods of the repeats, in tokens; none where prompts were given. */
  readonly periods: readonly number[];
  readonly cleanLoss: Estimate;
  readonly cells: readonly PathCell[];
  /** For every later part and input, all of its sources at once. */
  readonly joint: readonly JointPath[];
  /** Why there are no cells; null when there are. */
  readonly doesNotApply: string | null;
  /** How many sequences were measured. */
  readonly sequences: number;
  /** Of the repeats; null where prompts were given. */
  readonly seed: number | null;
  /** Points of each line, where integrated gradients were asked for. */
  readonly integrationSteps?: number;
}

const fields = {
  by: z.optional(z.enum(['zero', 'mean'])),
  integrationSteps: z.optional(z.int().check(z.gte(1), z.lte(1000))),
};

/**
 * The whole table, on the prompts, or on two copies of a block at periods that the model solves. Edge ablation acts on the input before its
 * LayerNorm. A model of one layer has no paths between heads, and the record says so. Throws an ArgumentError for options
 * that it does not have, or where integrated gradients are asked for of a measure without a gradient; an Error for prompts that cannot be meant, a TooSmallError when context or vocabulary leave no period, a NotFiniteError when outputs or
 * gradients are not finite.
 * @example
 * ```ts
 * import { handBuiltInduction, loadEngine, pathTable } from '@induction-lab/core/node';
 *
 * const model = handBuiltInduction(await loadEngine(), { dVocab: 31, nCtx: 24 });
 * for (const { source, target, input, increase } of pathTable(model, { sequences: 8 }).cells)
 *   console.log(source, '→', target, input, increase.value); // L0H0 → L1H0 k costs most
 * ```
 */
export function pathTable(model: Model, options: PathTableOptions = {}): PathTableRecord {
  checkOnSet('pathTable', { model, options, fields });
  const { by = 'zero', integrationSteps: steps } = options;
  const measured = options.set?.measure ?? measureOf(options.measure ?? 'loss', 'pathTable');
  const hasGradient = measured.gradient !== undefined;
  if (steps !== undefined) gradientFunction(measured, 'pathTable');
  const { config } = model;
  const later = laterInputs(config);
  const attributing = (of: number | undefined): number =>
    later.length === 0 ? 0 : attributionRuns({ steps: of, inputs: later.length });
  const runs = later.reduce(
    (sum, { target, input }) =>
      sum + (input === 'q' || input === 'mlp' ? 1 : 0) + 1 + earlierParts(config, target).length,
    (hasGradient ? attributing(undefined) : 0) + (steps === undefined ? 0 : attributing(steps)),
  );
  const measure = (set: PromptSet): PathTableRecord => {
    const attributed = later.length > 0 && hasGradient ? attributeEdges(set, { by }) : null;
    const integrated = later.length > 0 && steps !== undefined ? attributeEdges(set, { by, steps }) : null;
    const targets = new Map(later.map(({ target }) => [partLabel(target), target]));
    const columns = [...targets.values()].flatMap((target) => {
      const { stripe } = stripeOf(set, target, []);
      return inputsOf(target).map((input) => column(set, { target, input, by, stripe, attributed, integrated }));
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
      ...(steps === undefined ? {} : { integrationSteps: steps }),
    };
  };
  return onSet('pathTable', { model, options }, { runs, measure });
}

interface Column {
  readonly target: PartIndex;
  readonly input: Edge['input'];
  readonly by: 'zero' | 'mean';
  /** The target's stripe with nothing ablated, by sequence. */
  readonly stripe: Float64Array;
  readonly attributed: EdgeAttribution | null;
  readonly integrated: EdgeAttribution | null;
}

/** Every source of one input of one head, alone and together. */
function column(
  set: PromptSet,
  { target, input, by, stripe, attributed, integrated }: Column,
): { cells: PathCell[]; joint: JointPath } {
  const sources = earlierParts(set.model.config, target);
  const edges = edgesInto([target], { input, sources });
  const into = { target: partLabel(target), input };
  const ablated = edges.map((edge) => withoutEdges(set, [edge], by));
  const effects = effectsWithControls(
    sources,
    ablated.map(({ increase }) => increase),
  );
  const cells = edges.map(
    (edge, i): PathCell => ({
      source: partLabel(edge.source),
      ...into,
      ...effects[i]!,
      stripeChange: estimate(difference(ablated[i]!.stripe, stripe)),
      attributed: attributed && estimate(attributed.get(edge)),
      ...(integrated ? { integrated: estimate(integrated.get(edge)) } : {}),
    }),
  );
  const all = withoutEdges(set, edges, by);
  const sum = integrated && edges.map((edge) => integrated.get(edge)).reduce((a, b) => a.map((x, s) => x + b[s]!));
  const joint = {
    ...{ ...into, increase: estimate(all.increase), stripeChange: estimate(difference(all.stripe, stripe)) },
    ...(sum ? { integrated: estimate(sum) } : {}),
  };
  return { cells, joint };
}

/** Some edges into one input ablated together: the increase, and the target's stripe, by sequence. */
function withoutEdges(
  set: PromptSet,
  edges: readonly Edge[],
  by: 'zero' | 'mean',
): { increase: Float64Array; stripe: Float64Array } {
  const { measured, stripe } = stripeOf(set, edges[0]!.target, ablateEdges(edges, { by, set }));
  return { increase: difference(measured, set.clean), stripe };
}

/** A head's attention to the token after the earlier copy, by sequence, and the measure of the same runs. */
function stripeOf(
  set: PromptSet,
  target: PartIndex,
  interventions: readonly Intervention[],
): { measured: Float64Array; stripe: Float64Array } {
  const { layer } = target;
  const stripe = new Float64Array(set.sequences);
  if (isMlp(target)) return { measured: set.measured(interventions), stripe: stripe.fill(Number.NaN) };
  const index = layer * set.model.config.nHeads + target.head;
  const visit = ({ sequence, head, attention }: PatternVisit): void => {
    if (head !== index) return;
    stripe[sequence] =
      set instanceof RepeatSet
        ? inductionStripe(attention, set.place(set.periodOf(sequence)))
        : contentScore(attention, set.prompts[sequence]!.tokens, 1);
  };
  return { measured: set.measured(interventions, { visit, layer }), stripe };
}
