// Activation patching (Vig et al. 2020; Meng et al. 2022, causal tracing): put one activation of a clean run into a run on
// corrupted tokens and see how much of the behaviour comes back.
import * as z from 'zod/mini';
import type { Floats } from '../../engine/tensor.ts';
import { ArgumentError, aFunction, checkArgument, must } from '../../errors/arguments.ts';
import { headLabel, type ModelConfig } from '../../model/config.ts';
import { type HookSelection, isResult, isSplitInput, isSquare, selectHookPoints } from '../../model/hookPoints.ts';
import { hasHeads, type Patch } from '../../model/interventions/places.ts';
import type { CachedRun, Model } from '../../model/model.ts';
import { slices as inSlices, sequencesTogether } from '../attention/patternRuns.ts';
import { checkModel, checkOptions } from '../checks.ts';
import type { PromptPair } from '../data/corruption.ts';
import { checkLosses, checkNumbers } from '../finite.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { type Estimate, estimate, estimateRatio, holdsZero, mean } from '../statistics/estimate.ts';

export { CORRUPTIONS, type Corruption, corruptedPair, type PromptPair, periodToCorrupt } from '../data/corruption.ts';

/** One activation that was patched, and how much it restored. */
export interface PatchEffect {
  readonly hook: string;
  /** Of the head, or of the layer, or the hook's name before the first layer. */
  readonly label: string;
  readonly layer: number | null;
  readonly head: number | null;
  /** Null for all positions at once. */
  readonly position: number | null;
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
  checkPair(pair);
  const { config } = model;
  const hooks = selectHookPoints(config, options.hooks ?? 'blocks.*.attn.hook_z', 'activationPatching');
  if (hooks.length === 0)
    throw new ArgumentError('activationPatching: options.hooks selects no hook point, so nothing would be patched.');
  const length = pair.clean[0]!.length;
  const places = sites(config, hooks, options.byPosition ? length : 0);
  const slices = slicesOf(pair, { config, hooks });
  const tokens = pair.clean.length * length;
  const progress = new Progress(options.onProgress, (2 + CACHING_RUNS + places.length) * tokens);
  const cleanLosses = lossesOf(model, slices, { side: 'clean', progress });
  const corruptedLosses = lossesOf(model, slices, { side: 'corrupted', progress });
  const gap = corruptedLosses.map((loss, s) => loss - cleanLosses[s]!);
  const doesNotApply = nothingToRestore(estimate(gap));
  const found =
    doesNotApply === null
      ? slices.map((slice) => ({
          ...patchSlice(model, slice, { hooks, places, progress }),
          share: slice.clean.length / pair.clean.length,
        }))
      : [];
  const effects = places.map((site, i) => {
    const patched = found.flatMap(({ losses }) => [...losses[i]!]);
    const restored = patched.map((loss, s) => corruptedLosses[s]! - loss);
    const attributed = found.every(({ attributed }) => attributed) ? found.map((f) => f.share * f.attributed![i]!) : [];
    return {
      ...site,
      effect:
        found.length > 0
          ? estimateRatio(restored, gap)
          : { value: Number.NaN, interval: [Number.NaN, Number.NaN] as const, n: gap.length },
      attributed: attributed.length > 0 ? -attributed.reduce((sum, x) => sum + x, 0) / mean(gap) : null,
    };
  });
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
function nothingToRestore(gap: Estimate): string | null {
  const costs = `The corruption costs ${gap.value.toFixed(2)} nats`;
  if (!(gap.value >= LEAST_DIFFERENCE)) return `${costs}, less than ${LEAST_DIFFERENCE}: there is nothing to restore.`;
  return holdsZero(gap)
    ? `${costs}, with a 95 % interval from ${gap.interval[0].toFixed(2)} to ${gap.interval[1].toFixed(2)} that holds 0: no share of it means anything.`
    : null;
}

/** Floats of kept activations that may be in memory at once, both runs together. */
const KEPT = 64_000_000;

/** The prompts in slices whose activations fit memory; one unless there are many. */
function slicesOf(
  { clean, corrupted, queries }: PromptPair,
  { config, hooks }: { config: ModelConfig; hooks: readonly string[] },
): PromptPair[] {
  const length = clean[0]!.length;
  const { nHeads, dModel, dHead } = config;
  const widest = Math.max(nHeads * dHead, dModel);
  const floats = hooks.reduce(
    (sum, hook) =>
      sum +
      length * (isSquare(hook) ? nHeads * length : isResult(hook) || isSplitInput(hook) ? nHeads * dModel : widest),
    0,
  );
  // Kept raw and dense, of both runs, and as gradients.
  const most = Math.min(sequencesTogether(config, length), Math.max(1, Math.floor(KEPT / (6 * floats))));
  const [a, b] = [inSlices(clean, most), inSlices(corrupted, most)];
  return a.map((part, i): PromptPair => ({ clean: part, corrupted: b[i]!, queries }));
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

/** Every site's losses on a slice of the prompts, [site][sequence], and its attribution, [site]; null where targets differ. */
function patchSlice(
  model: Model,
  slice: PromptPair,
  { hooks, places, progress }: { hooks: readonly string[]; places: readonly Site[]; progress: Progress },
): { losses: Float64Array[]; attributed: number[] | null } {
  const { clean, corrupted } = slice;
  const cleanRun = model.runWithCache(clean, { names: hooks });
  const corruptedRun = model.runWithCache(corrupted, { names: hooks });
  const tokens = clean.length * cleanRun.length;
  const attribute = sameTargets(slice) ? attribution(model, slice, { hooks, cleanRun, corruptedRun }) : null;
  progress.add(CACHING_RUNS * tokens);
  const losses = places.map(({ hook, head, position }) => {
    const patch: Patch = {
      kind: 'patch',
      hook,
      ...(head === null ? {} : { head }),
      ...(position === null ? {} : { positions: [position] }),
    };
    const run = model.runWithInterventions(corrupted, [patch], { clean: cleanRun.cache });
    checkLosses(model, run, { tokens: corrupted, interventions: [patch] });
    progress.add(tokens);
    return targetLosses(run.logits, slice, model.config);
  });
  const attributed = attribute && places.map(attribute);
  if (attributed) checkNumbers('the gradient of the loss at the corrupted run gives', attributed);
  return { losses, attributed };
}

type Site = Pick<PatchEffect, 'hook' | 'label' | 'layer' | 'head' | 'position'>;

/** Every hook, its heads one by one, all positions at once and, for `length` > 0, each alone. */
function sites(config: ModelConfig, hooks: readonly string[], length: number): Site[] {
  const positions = [null, ...Array.from({ length }, (_, p) => p)];
  return hooks.flatMap((hook) => {
    const found = /^blocks\.(\d+)\./.exec(hook);
    const layer = found ? Number(found[1]) : null;
    const heads = hasHeads(hook) ? Array.from({ length: config.nHeads }, (_, head) => head) : [null];
    return heads.flatMap((head) =>
      positions.map((position) => ({
        hook,
        label: layer === null ? hook : head === null ? `L${layer}` : headLabel(layer, head),
        layer,
        head,
        position,
      })),
    );
  });
}

function controlOf(site: Site, all: readonly (Site & { effect: Estimate })[]): number | null {
  if (site.head === null) return null;
  const others = all.filter((o) => o.hook === site.hook && o.position === site.position && o.head !== site.head);
  return others.length === 0 ? null : mean(others.map(({ effect }) => effect.value));
}

const sequence = must(
  'be a sequence of tokens, as in [[3, 1, 4]]',
  (x) => Array.isArray(x) || (ArrayBuffer.isView(x) && !(x instanceof DataView)),
);
const pairSchema = z.strictObject({
  clean: z.array(sequence),
  corrupted: z.array(sequence),
  queries: z.tuple([z.int(), z.int()]),
});

function checkPair(pair: PromptPair): void {
  checkArgument('activationPatching', 'the pair', pairSchema, pair);
  const { clean, corrupted, queries } = pair;
  const [a, b] = [clean[0]?.length ?? 0, corrupted[0]?.length ?? 0];
  if (clean.length !== corrupted.length)
    throw new Error(
      `activationPatching: ${clean.length} clean prompts and ${corrupted.length} corrupted ones; give as many of each.`,
    );
  if (a !== b)
    throw new Error(
      `activationPatching: the clean prompt has ${a} tokens, the corrupted one ${b}; use prompts of equal length.`,
    );
  if (!(queries[0] >= 0 && queries[0] < queries[1] && queries[1] <= a - 1))
    throw new Error(`activationPatching: queries [${queries}] must lie within [0, ${a - 1}), where a next token is.`);
}

/** Mean loss of the clean prompt's next tokens at the counting queries, by sequence. */
function targetLosses(logits: Floats, { clean, queries }: PromptPair, { dVocab }: ModelConfig): Float64Array {
  const length = clean[0]!.length;
  const [from, to] = queries;
  return Float64Array.from(clean, (tokens, s) => {
    let sum = 0;
    for (let q = from; q < to; q++) {
      const row = logits.subarray((s * length + q) * dVocab, (s * length + q + 1) * dVocab);
      let largest = Number.NEGATIVE_INFINITY;
      for (const x of row) if (x > largest) largest = x;
      let total = 0;
      for (const x of row) total += Math.exp(x - largest);
      sum += Math.log(total) + largest - row[tokens[q + 1] as number]!;
    }
    return sum / (to - from);
  });
}

const sameTargets = ({ clean, corrupted, queries: [from, to] }: PromptPair): boolean =>
  clean.every((tokens, s) => {
    for (let q = from; q < to; q++) if (tokens[q + 1] !== corrupted[s]![q + 1]) return false;
    return true;
  });

/** First-order change of the mean corrupted loss by each patch, in nats: gradient × difference of activations. */
function attribution(
  model: Model,
  { corrupted, queries }: PromptPair,
  runs: { hooks: readonly string[]; cleanRun: CachedRun; corruptedRun: CachedRun },
): (site: Site) => number {
  const { activationGradients } = model.runWithGradients(corrupted, { names: runs.hooks, queries });
  return ({ hook, head, position }) => {
    const gradient = activationGradients.get(hook);
    const clean = runs.cleanRun.cache.get(hook).data;
    const other = runs.corruptedRun.cache.get(hook).data;
    const [, second = 1, third = 1] = gradient.shape;
    const size = gradient.shape.at(-1)!;
    const square = isSquare(hook);
    const heads = gradient.shape.length < 4 ? 1 : square ? second : third;
    const positions = square ? third : second;
    let sum = 0;
    for (let at = 0; at < gradient.data.length; at++) {
      const row = Math.floor(at / size);
      const h = square ? Math.floor(row / positions) % heads : row % heads;
      const p = square ? row % positions : Math.floor(row / heads) % positions;
      if ((head !== null && h !== head) || (position !== null && p !== position)) continue;
      const change = clean[at]! - other[at]!; // masked scores are −∞ on both sides
      if (Number.isFinite(change)) sum += gradient.data[at]! * change;
    }
    return sum;
  };
}
