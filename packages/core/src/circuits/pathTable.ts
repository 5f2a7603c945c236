// Every path from a head to a later head's Q, K or V: what the loss and the later head's attention lose without it, and
// what gradients would have said.
import { headLabel } from '../model/config.ts';
import {
  allHeads,
  earlierHeads,
  type HeadName,
  INPUTS,
  type Input,
  type Intervention,
} from '../model/interventions.ts';
import type { Model } from '../model/model.ts';
import { difference, type Effect, effectsWithControls } from './effects.ts';
import { type Estimate, estimate, mean } from './estimate.ts';
import { attributePaths } from './pathAttribution.ts';
import type { PatternVisit } from './patternRuns.ts';
import { periodsToMeasure, RepeatSet } from './repeatSet.ts';
import { inductionStripe } from './scores.ts';

/** One head's output removed from one input of one later head alone. The control: other sources of its layer, same target. */
export interface PathCell extends Effect {
  readonly source: string;
  readonly target: string;
  readonly input: Input;
  /** Change of the target's attention to the token after the earlier copy (induction stripe), share of attention. */
  readonly stripeChange: Estimate;
  /** Attribution: the increase by first order, gradient × (what is put in its place − the source's output). Nats. */
  readonly attributed: Estimate;
}

export interface PathTableRecord {
  /** What takes the place of the removed output: nothing, or its mean over sequences and positions. */
  readonly by: 'zero' | 'mean';
  readonly periods: readonly number[];
  readonly cleanLoss: Estimate;
  readonly cells: readonly PathCell[];
  /** Why there are no cells; null when there are. */
  readonly doesNotApply: string | null;
  readonly sequences: number;
  readonly seed: number;
}

/**
 * The whole table, on two copies of a block at periods that the model solves. Removal acts on the input before its
 * LayerNorm. A model of one layer has no paths between heads, and the record says so.
 */
export function pathTable(
  model: Model,
  options: { by?: 'zero' | 'mean'; sequences?: number; seed?: number; set?: RepeatSet } = {},
): PathTableRecord {
  const { by = 'zero', sequences = 96, seed = 0 } = options;
  const set = options.set ?? new RepeatSet(model, { sequences, seed, periods: periodsToMeasure(model, { seed }) });
  const later = allHeads(model.config).filter(({ layer }) => layer > 0);
  const attributed = later.length > 0 ? attributePaths(set, by) : null;
  const cells = later.flatMap((target) => {
    const { stripe } = stripeOf(set, target, []);
    return INPUTS.flatMap((input) => {
      const sources = earlierHeads(model.config, target.layer);
      const cut = sources.map((source) => cutPath(set, { source, target, input, by }));
      const effects = effectsWithControls(
        sources,
        cut.map(({ increase }) => increase),
      );
      return sources.map(
        (source, i): PathCell => ({
          source: headLabel(source.layer, source.head),
          target: headLabel(target.layer, target.head),
          input,
          ...effects[i]!,
          stripeChange: estimate(difference(cut[i]!.stripe, stripe)),
          attributed: estimate(attributed!.get(input, source, target)),
        }),
      );
    });
  });
  return {
    by,
    periods: set.periods,
    cleanLoss: estimate(set.clean),
    cells,
    doesNotApply: later.length > 0 ? null : 'A model of one layer has no paths from a head to a later one.',
    sequences: set.sequences,
    seed: set.seed,
  };
}

interface Path {
  readonly source: HeadName;
  readonly target: HeadName;
  readonly input: Input;
  readonly by: 'zero' | 'mean';
}

function cutPath(
  set: RepeatSet,
  { source, target, input, by }: Path,
): { increase: Float64Array; stripe: Float64Array } {
  const intervention: Intervention = { kind: 'removeFromInput', ...target, input, sources: [source], by };
  const { losses, stripe } = stripeOf(set, target, [intervention]);
  return { increase: difference(losses, set.clean), stripe };
}

/** A head's attention to the token after the earlier copy, by sequence, and the losses of the same runs. */
function stripeOf(
  set: RepeatSet,
  target: HeadName,
  interventions: readonly Intervention[],
): { losses: Float64Array; stripe: Float64Array } {
  const { layer } = target;
  const index = layer * set.model.config.nHeads + target.head;
  const perPeriod = set.sequences / set.periods.length;
  const stripe = new Float64Array(set.sequences);
  const visit = (period: number, { sequence, head, weight }: PatternVisit): void => {
    if (head !== index) return;
    stripe[set.periods.indexOf(period) * perPeriod + sequence] = inductionStripe(weight, {
      start: 0,
      period,
      length: 2 * period,
    });
  };
  return { losses: set.losses(interventions, visit, { layer }), stripe };
}

/** Sum over the cells of one input, as a table [source][target] of increases in nats; NaN where there is no path. */
export function pathMatrix(
  { cells }: PathTableRecord,
  input: Input,
  pick: (cell: PathCell) => number = (cell) => cell.increase.value,
): { sources: string[]; targets: string[]; values: number[][] } {
  const chosen = cells.filter((cell) => cell.input === input);
  const sources = [...new Set(chosen.map(({ source }) => source))];
  const targets = [...new Set(chosen.map(({ target }) => target))];
  const values = sources.map((source) =>
    targets.map((target) => {
      const cell = chosen.find((c) => c.source === source && c.target === target);
      return cell ? pick(cell) : Number.NaN;
    }),
  );
  return { sources, targets, values };
}

/** How well attribution ranks the paths: Pearson's correlation of attributed with measured increases. */
export function attributionAgreement({ cells }: PathTableRecord): number {
  const xs = cells.map((c) => c.attributed.value);
  const ys = cells.map((c) => c.increase.value);
  const [mx, my] = [mean(xs), mean(ys)];
  const covariance = mean(xs.map((x, i) => (x - mx) * (ys[i]! - my)));
  return covariance / Math.sqrt(mean(xs.map((x) => (x - mx) ** 2)) * mean(ys.map((y) => (y - my) ** 2)));
}
