// Activation patching (Vig et al. 2020; Meng et al. 2022, causal tracing): put one activation of a clean run into a run on
// corrupted tokens and see how much of the behaviour comes back.
import * as z from 'zod/mini';
import { ArgumentError, aFunction, must } from '../../errors/arguments.ts';
import { type HookSelection, selectHookPoints } from '../../model/hookSelection.ts';
import type { MeasureName } from '../../model/measures/builtInMeasures.ts';
import type { Measure } from '../../model/measures/measure.ts';
import { asPartOf } from '../../model/measures/measureError.ts';
import type { Model } from '../../model/model.ts';
import { checkModel, checkOptions, instanceSchema } from '../checks.ts';
import type { PromptPair } from '../data/corruption.ts';
import { describeMeasure, type Measured } from '../data/measuredBy.ts';
import { byLength, commonQueries, type Prompts, PromptsError } from '../data/prompts.ts';
import { checkLosses, checkNumbers } from '../finite.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { type Estimate, estimate, estimateRatio, mean } from '../statistics/estimate.ts';
import { Gap } from './gap.ts';
import { attributePatches, type PatchAttributionOptions, patchAttributionRuns } from './patchAttribution.ts';
import { controlOf, type PatchSite, patchAt, patchSites, wholeSites } from './patchSites.ts';
import { promptSlices, type TwinSlice } from './promptSlices.ts';
import { gradientsAsked, measuredOf, type TwinPrompts, twinPrompts } from './twinPrompts.ts';

/** One activation that was patched, and how much it restored. */
export interface PatchEffect extends PatchSite {
  /** (patched − corrupted) / (clean − corrupted), of the measure: 0 restores nothing, 1 everything. NaN without a difference. */
  readonly effect: Estimate;
  /** The mean effect of the same patch at the other heads of the layer; null where there is none. */
  readonly control: number | null;
  /**
   * The same by first order: gradient at the corrupted run × (clean − corrupted activation). Null where the measure has no
   * gradient, or a pair's prompts do not go on with the same tokens.
   */
  readonly attributed: number | null;
  /** The same by integrated gradients; where they were asked for. */
  readonly integrated?: number | null;
}

/** All of a hook point that has heads, patched together. */
export type JointPatch = Pick<PatchEffect, 'hook' | 'label' | 'layer' | 'effect' | 'integrated'>;

export interface PatchingRecord extends Measured {
  /** The measure of the clean and of the corrupted prompts: the loss, in nats, unless told. */
  readonly cleanLoss: Estimate;
  readonly corruptedLoss: Estimate;
  readonly effects: readonly PatchEffect[];
  /**
   * All heads of a hook point at once, where integrated gradients were asked for: those of its heads add up to this effect,
   * but for the error of so few points.
   */
  readonly joint?: readonly JointPatch[];
  /** Why effects are NaN: the corruption costs too little (less than a tenth of a nat), or nothing surely. Null otherwise. */
  readonly doesNotApply: string | null;
  /** Null where the prompts have queries of their own. */
  readonly queries: readonly [from: number, to: number] | null;
  /** How many sequences were measured. */
  readonly sequences: number;
  /** Tokens of a prompt, of the longest where they differ. */
  readonly length: number;
  /** Points of each line, where integrated gradients were asked for. */
  readonly integrationSteps?: number;
}

/** What is patched, and what is measured. */
export interface PatchingOptions {
  /** Hook points by name or glob; every head's output before W_O by default. */
  readonly hooks?: HookSelection;
  /** Each position alone, besides all at once; of prompts of one length. */
  readonly byPosition?: boolean;
  /** Attribution by integrated gradients too, at so many points of each hook point's line; 8 are usual. */
  readonly integrationSteps?: number;
  /** What is measured of the clean prompt's answers: the loss by default. */
  readonly measure?: MeasureName | Measure;
  readonly onProgress?: OnProgress;
}

const optionsSchema = z.strictObject({
  hooks: z.optional(
    must(
      'be a hook point, a glob, several of them, or a function of a name',
      (x) =>
        typeof x === 'string' || typeof x === 'function' || (Array.isArray(x) && x.every((n) => typeof n === 'string')),
    ),
  ),
  byPosition: z.optional(z.boolean()),
  integrationSteps: z.optional(z.int().check(z.gte(1), z.lte(1000))),
  measure: z.optional(instanceSchema),
  onProgress: z.optional(aFunction),
});

const caller = 'activationPatching';

/**
 * Patches every chosen activation, head by head where it has heads, from the clean run into the corrupted one, a slice of
 * the prompts at a time. Throws an ArgumentError for options that it does not have; an Error that names sequence and query
 * when a prompt has no twin of its length or cannot be meant, or a hook point is not the model's; a NotFiniteError when a
 * loss or gradient is not finite.
 * @example
 * ```ts
 * import { activationPatching, corruptedPair, handBuiltInduction, loadEngine } from '@induction-lab/core/node';
 *
 * const model = handBuiltInduction(await loadEngine(), { dVocab: 31, nCtx: 24 });
 * const pair = corruptedPair({ config: model.config, count: 8, seed: 1 }, 10, 'change-match');
 * const { effects } = activationPatching(model, pair);
 * console.log(effects.map(({ label, effect }) => `${label} ${effect.value.toFixed(2)}`).join(', '));
 * ```
 */
export function activationPatching(
  model: Model,
  given: PromptPair | Prompts,
  options: PatchingOptions = {},
): PatchingRecord {
  checkModel(caller, model);
  checkOptions(caller, optionsSchema, options);
  const { byPosition = false, measure = 'loss', integrationSteps: steps } = options;
  const twins = twinPrompts(caller, model, { given, measure });
  const { prompts } = twins;
  const hooks = selectHookPoints(model.config, options.hooks ?? 'blocks.*.attn.hook_z', caller);
  if (hooks.length === 0)
    throw new ArgumentError(`${caller}: options.hooks selects no hook point, so nothing would be patched.`);
  if (byPosition) checkOneLength(prompts);
  const length = Math.max(...prompts.map(({ tokens }) => tokens.length));
  const sites = patchSites(model.config, { hooks, length: byPosition ? length : 0 });
  const wholes = steps === undefined ? [] : wholeSites(model.config, hooks);
  const places = [...sites, ...wholes];
  const slices = promptSlices(prompts, { config: model.config, hooks });
  const tokens = prompts.reduce((sum, prompt) => sum + prompt.tokens.length, 0);
  const runs = CACHING_RUNS + (steps === undefined ? 0 : patchAttributionRuns(steps, hooks.length));
  const progress = new Progress(options.onProgress, (2 + runs + places.length) * tokens);
  const clean = sideOf(model, twins, { slices, side: 'clean', progress });
  const corrupted = sideOf(model, twins, { slices, side: 'corrupted', progress });
  const gap = new Gap(twins.measure, { clean, corrupted });
  const found =
    gap.doesNotApply === null
      ? slices.map((slice) =>
          asPartOf({ caller, numbers: slice.sequences, part: 'runWithGradients' }, () =>
            patchSlice(model, twins, { slice, hooks, places, steps, runs, progress }),
          ),
        )
      : [];
  const all = places.map((site, i) => ({ ...site, ...effectOf(i, { found, gap, steps }) }));
  const effects = all.slice(0, sites.length);
  progress.finish();
  return {
    cleanLoss: estimate(clean),
    corruptedLoss: estimate(corrupted),
    effects: effects.map((effect) => ({ ...effect, control: controlOf(effect, effects) })),
    doesNotApply: gap.doesNotApply,
    queries: commonQueries(prompts),
    sequences: prompts.length,
    length,
    ...(steps === undefined ? {} : { joint: all.slice(sites.length).map(asJoint), integrationSteps: steps }),
    ...(twins.usual ? {} : { measure: describeMeasure(twins.measure) }),
  };
}

/** What keeping the activations of both runs, and the gradients, takes beside plain runs, about. */
const CACHING_RUNS = 8;

const asJoint = ({ hook, label, layer, effect, integrated = null }: Omit<PatchEffect, 'control'>): JointPatch => ({
  ...{ hook, label, layer, effect, integrated },
});

function checkOneLength(prompts: Prompts): void {
  const [first, other] = byLength(prompts);
  if (other === undefined) return;
  const lengthOf = (s: number): number => prompts[s]!.tokens.length;
  throw new PromptsError(
    `${caller}: sequence ${other[0]} has ${lengthOf(other[0]!)} tokens, sequence ${first![0]} has ${lengthOf(first![0]!)}; position by position needs prompts of one length.`,
  );
}

function sideOf(
  model: Model,
  twins: TwinPrompts,
  { slices, side, progress }: { slices: readonly TwinSlice[]; side: 'clean' | 'corrupted'; progress: Progress },
): Float64Array {
  const found = new Float64Array(twins.prompts.length);
  for (const slice of slices) {
    const tokens = slice[side];
    const run = model.runWithInterventions(tokens, []);
    checkLosses(model, run, { tokens });
    progress.add(tokens.length * run.length);
    const measured = measuredOf(twins, run, slice.sequences);
    slice.sequences.forEach((s, i) => {
      found[s] = measured[i]!;
    });
  }
  return found;
}

/** What patching a slice of the prompts gave. */
interface PatchedSlice {
  readonly sequences: readonly number[];
  /** [site][sequence of the slice] */
  readonly measured: readonly (readonly number[])[];
  /** By first order, [site]; null where nothing can be attributed. */
  readonly attributed: readonly number[] | null;
  /** By integrated gradients; null too where they were not asked for. */
  readonly integrated: readonly number[] | null;
}

function patchSlice(
  model: Model,
  twins: TwinPrompts,
  {
    slice: { sequences, clean, corrupted },
    hooks,
    places,
    steps,
    runs,
    progress,
  }: {
    slice: TwinSlice;
    hooks: readonly string[];
    places: readonly PatchSite[];
    steps: number | undefined;
    runs: number;
    progress: Progress;
  },
): PatchedSlice {
  const cleanRun = model.runWithCache(clean, { names: hooks });
  const corruptedRun = model.runWithCache(corrupted, { names: hooks });
  const tokens = clean.length * cleanRun.length;
  const asked = gradientsAsked(twins, sequences);
  const attribute = (options: PatchAttributionOptions): number[] | null => {
    if (!asked) return null;
    const found = places.map(attributePatches(model, corrupted, { hooks, asked, cleanRun, corruptedRun }, options));
    checkNumbers(`the gradient of the ${twins.measure.name} at the corrupted run gives`, found);
    return found;
  };
  const attributed = attribute({});
  const integrated = steps === undefined ? null : attribute({ steps });
  progress.add(runs * tokens);
  const measured = places.map((site) => {
    const patch = patchAt(site);
    const run = model.runWithInterventions(corrupted, [patch], { clean: cleanRun.cache });
    checkLosses(model, run, { tokens: corrupted, interventions: [patch] });
    progress.add(tokens);
    return measuredOf(twins, run, sequences);
  });
  return { sequences, measured, attributed, integrated };
}

/** How much a site restored, measured and by gradients, over all slices. */
function effectOf(
  site: number,
  { found, gap, steps }: { found: readonly PatchedSlice[]; gap: Gap; steps: number | undefined },
): Pick<PatchEffect, 'effect' | 'attributed' | 'integrated'> {
  const n = gap.corrupted.length;
  const share = (by: 'attributed' | 'integrated'): number | null => {
    const parts = found.map((slice) => slice[by] && (slice.sequences.length / n) * slice[by][site]!);
    if (parts.length === 0 || parts.includes(null)) return null;
    return (-gap.worse * parts.reduce<number>((sum, x) => sum + x!, 0)) / mean(gap.all);
  };
  const foreseen = {
    attributed: share('attributed'),
    ...(steps === undefined ? {} : { integrated: share('integrated') }),
  };
  if (found.length === 0) return { effect: { value: Number.NaN, interval: [Number.NaN, Number.NaN], n }, ...foreseen };
  const patched = new Float64Array(n);
  for (const { sequences, measured } of found)
    sequences.forEach((s, i) => {
      patched[s] = measured[site]![i]!;
    });
  return { effect: estimateRatio(gap.costs(patched), gap.all), ...foreseen };
}
