// Activation patching (Vig et al. 2020; Meng et al. 2022, causal tracing): put one activation of a clean run into a run on
// corrupted tokens and see how much of the behaviour comes back.
import * as z from 'zod/mini';
import { ArgumentError, aFunction, must } from '../../errors/arguments.ts';
import { type HookSelection, selectHookPoints } from '../../model/hookSelection.ts';
import type { Model } from '../../model/model.ts';
import { checkModel, checkOptions } from '../checks.ts';
import type { PromptPair } from '../data/corruption.ts';
import { checkPair } from '../data/promptPairs.ts';
import { checkLosses, checkNumbers } from '../finite.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { type Estimate, estimate, estimateRatio, holdsZero, mean } from '../statistics/estimate.ts';
import { attributePatches } from './patchAttribution.ts';
import { controlOf, type PatchSite, patchAt, patchSites } from './patchSites.ts';
import { promptSlices } from './promptSlices.ts';
import { sameTargets, targetLosses } from './targetLoss.ts';

/** One activation that was patched, and how much it restored. */
export interface PatchEffect extends PatchSite {
  /** (patched − corrupted) / (clean − corrupted), of the loss: 0 restores nothing, 1 everything. NaN without a difference. */
  readonly effect: Estimate;
  /** The mean effect of the same patch at the other heads of the layer; null where there is none. */
  readonly control: number | null;
  /** The same by first order: gradient at the corrupted run × (clean − corrupted activation). Null where targets differ. */
  readonly attributed: number | null;
}

export interface PatchingRecord {
  readonly cleanLoss: Estimate;
  readonly corruptedLoss: Estimate;
  readonly effects: readonly PatchEffect[];
  /** Why effects are NaN: the corruption costs less than a tenth of a nat, or nothing surely. Null otherwise. */
  readonly doesNotApply: string | null;
  readonly queries: readonly [from: number, to: number];
  readonly sequences: number;
  readonly length: number;
}

export interface PatchingOptions {
  /** Hook points by name or glob; every head's output before W_O by default. */
  readonly hooks?: HookSelection;
  /** Each position alone, besides all at once. */
  readonly byPosition?: boolean;
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
  onProgress: z.optional(aFunction),
});

/** Below this difference of losses, in nats, there is nothing to restore. */
const LEAST_DIFFERENCE = 0.1;

/**
 * Patches every chosen activation, head by head where it has heads, from the clean run into the corrupted one, a slice of
 * the prompts at a time. Throws an ArgumentError for options that it does not have; an Error when the prompts are not as
 * many, or not of equal length, or a hook point is not the model's; a NotFiniteError when a loss or gradient is not finite.
 */
export function activationPatching(model: Model, pair: PromptPair, options: PatchingOptions = {}): PatchingRecord {
  checkModel('activationPatching', model);
  checkOptions('activationPatching', optionsSchema, options);
  checkPair('activationPatching', pair);
  const { config } = model;
  const hooks = selectHookPoints(config, options.hooks ?? 'blocks.*.attn.hook_z', 'activationPatching');
  if (hooks.length === 0)
    throw new ArgumentError('activationPatching: options.hooks selects no hook point, so nothing would be patched.');
  const length = pair.clean[0]!.length;
  const places = patchSites(config, { hooks, length: options.byPosition ? length : 0 });
  const slices = promptSlices(pair, { config, hooks });
  const tokens = pair.clean.length * length;
  const progress = new Progress(options.onProgress, (2 + CACHING_RUNS + places.length) * tokens);
  const cleanLosses = lossesOf(model, slices, { side: 'clean', progress });
  const corruptedLosses = lossesOf(model, slices, { side: 'corrupted', progress });
  const gap = corruptedLosses.map((loss, s) => loss - cleanLosses[s]!);
  const doesNotApply = nothingToRestore(estimate(gap));
  const found =
    doesNotApply === null ? slices.map((slice) => patchSlice(model, slice, { hooks, places, progress })) : [];
  const effects = places.map((site, i) => ({ ...site, ...effectOf(i, { found, corruptedLosses, gap }) }));
  progress.finish();
  return {
    cleanLoss: estimate(cleanLosses),
    corruptedLoss: estimate(corruptedLosses),
    effects: effects.map((effect) => ({ ...effect, control: controlOf(effect, effects) })),
    doesNotApply,
    queries: pair.queries,
    sequences: pair.clean.length,
    length,
  };
}

/** What keeping the activations of both runs, and the gradients, takes beside plain runs, about. */
const CACHING_RUNS = 8;

/** Why no effect can be a share of the gap; null where it can. */
export function nothingToRestore(gap: Estimate): string | null {
  const costs = `The corruption costs ${gap.value.toFixed(2)} nats`;
  if (!(gap.value >= LEAST_DIFFERENCE)) return `${costs}, less than ${LEAST_DIFFERENCE}: there is nothing to restore.`;
  return holdsZero(gap)
    ? `${costs}, with a 95 % interval from ${gap.interval[0].toFixed(2)} to ${gap.interval[1].toFixed(2)} that holds 0: no share of it means anything.`
    : null;
}

function lossesOf(
  model: Model,
  slices: readonly PromptPair[],
  { side, progress }: { side: 'clean' | 'corrupted'; progress: Progress },
): Float64Array {
  return Float64Array.from(
    slices.flatMap((slice) => {
      const tokens = slice[side];
      const run = model.run(tokens);
      checkLosses(model, run, { tokens });
      progress.add(tokens.length * run.length);
      return [...targetLosses(run.logits, slice, model.config)];
    }),
  );
}

/** What patching a slice of the prompts gave. */
interface PatchedSlice {
  readonly sequences: number;
  /** [site][sequence] */
  readonly losses: readonly Float64Array[];
  /** By first order, [site]; null where targets differ. */
  readonly attributed: readonly number[] | null;
}

function patchSlice(
  model: Model,
  slice: PromptPair,
  { hooks, places, progress }: { hooks: readonly string[]; places: readonly PatchSite[]; progress: Progress },
): PatchedSlice {
  const { clean, corrupted } = slice;
  const cleanRun = model.runWithCache(clean, { names: hooks });
  const corruptedRun = model.runWithCache(corrupted, { names: hooks });
  const tokens = clean.length * cleanRun.length;
  const attribute = sameTargets(slice) ? attributePatches(model, slice, { hooks, cleanRun, corruptedRun }) : null;
  progress.add(CACHING_RUNS * tokens);
  const losses = places.map((site) => {
    const patch = patchAt(site);
    const run = model.runWithInterventions(corrupted, [patch], { clean: cleanRun.cache });
    checkLosses(model, run, { tokens: corrupted, interventions: [patch] });
    progress.add(tokens);
    return targetLosses(run.logits, slice, model.config);
  });
  const attributed = attribute && places.map(attribute);
  if (attributed) checkNumbers('the gradient of the loss at the corrupted run gives', attributed);
  return { sequences: clean.length, losses, attributed };
}

/** How much a site restored, measured and by first order, over all slices. */
function effectOf(
  site: number,
  { found, corruptedLosses, gap }: { found: readonly PatchedSlice[]; corruptedLosses: Float64Array; gap: Float64Array },
): Pick<PatchEffect, 'effect' | 'attributed'> {
  if (found.length === 0)
    return { effect: { value: Number.NaN, interval: [Number.NaN, Number.NaN], n: gap.length }, attributed: null };
  const patched = found.flatMap(({ losses }) => [...losses[site]!]);
  const restored = patched.map((loss, s) => corruptedLosses[s]! - loss);
  const attributed = found.map((slice) => slice.attributed && (slice.sequences / gap.length) * slice.attributed[site]!);
  const sum = attributed.includes(null) ? null : attributed.reduce<number>((sum, x) => sum + x!, 0);
  return { effect: estimateRatio(restored, gap), attributed: sum === null ? null : -sum / mean(gap) };
}
