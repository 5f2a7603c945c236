// Activation patching (Vig et al. 2020; Meng et al. 2022, causal tracing): put one activation of a clean run into a run on
// corrupted tokens and see how much of the behaviour comes back.
import { RandomStream } from '../engine/random.ts';
import type { Floats } from '../engine/tensor.ts';
import { headLabel, type ModelConfig } from '../model/config.ts';
import { type HookSelection, isSquare, selectHookPoints } from '../model/hookPoints.ts';
import type { CachedRun, Model, Tokens } from '../model/model.ts';
import { hasHeads, type Patch } from '../model/places.ts';
import { STREAMS } from '../training/tasks.ts';
import { type Estimate, estimate, estimateRatio, mean } from './estimate.ts';
import { type ProbeOptions, repeatedProbe } from './probes.ts';

/**
 * What is done to two copies of a block; the second copy, and with it the queries and their targets, stays as it is.
 * `break-repeat`: the first copy is drawn anew, so that nothing repeats. `change-match`: one token of the first copy, the
 * earlier copy of one query's token, becomes a token from outside the block; only that query counts. `shift-block`: the
 * first copy is rotated by one position: content finds its copy one position further, a fixed distance misses. There the
 * last query of the repeat does not count: the rotation has taken its target away from behind its copy.
 */
export const CORRUPTIONS = ['break-repeat', 'change-match', 'shift-block'] as const;
export type Corruption = (typeof CORRUPTIONS)[number];

/** Clean and corrupted sequences of equal length, and the queries [from, to) whose loss counts. */
export interface PromptPair {
  readonly clean: Tokens;
  readonly corrupted: Tokens;
  readonly queries: readonly [from: number, to: number];
}

/** Streams of what replaces tokens, beside those of the probes. */
const CORRUPTION_STREAM = 101;

/**
 * Two copies of a block, and the same with the first one corrupted. Throws an Error when the vocabulary has no other token,
 * or when a block of two tokens is to be shifted, which leaves no query.
 */
export function corruptedPair(probe: ProbeOptions, period: number, corruption: Corruption): PromptPair {
  if (corruption === 'shift-block' && period < 3)
    throw new Error(`corruptedPair: shift-block needs a period of at least 3, got ${period}; use a longer one.`);
  const clean = repeatedProbe(probe, period);
  const middle = period + Math.floor(period / 2);
  const corrupted = clean.map((tokens, s) => {
    const random = new RandomStream(probe.seed, STREAMS.analysis, CORRUPTION_STREAM, period, s);
    const other = Int32Array.from(tokens);
    if (corruption === 'shift-block') for (let t = 0; t < period; t++) other[t] = tokens[(t + period - 1) % period]!;
    if (corruption === 'break-repeat')
      for (let t = 0; t < period; t++) other[t] = anotherToken(tokens[t]!, probe.config, random);
    if (corruption === 'change-match') other[middle - period] = outsideToken(tokens, probe.config, random);
    return other;
  });
  return { clean, corrupted, queries: queriesOf(corruption, period, middle) };
}

function queriesOf(corruption: Corruption, period: number, middle: number): [from: number, to: number] {
  if (corruption === 'change-match') return [middle, middle + 1];
  return [period, corruption === 'shift-block' ? 2 * period - 2 : 2 * period - 1];
}

function anotherToken(token: number, { dVocab }: ModelConfig, random: RandomStream): number {
  const drawn = random.below(dVocab - 1);
  return drawn >= token ? drawn + 1 : drawn;
}

function outsideToken(tokens: Int32Array, { dVocab }: ModelConfig, random: RandomStream): number {
  const free = Array.from({ length: dVocab }, (_, t) => t).filter((t) => !tokens.includes(t));
  if (free.length === 0)
    throw new Error(
      `corruptedPair: all ${dVocab} tokens are in the block, none is left to change the match to; use a shorter period.`,
    );
  return free[random.below(free.length)]!;
}

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
  /** Why effects are NaN: the corruption changes the loss by less than a tenth of a nat. Null otherwise. */
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
}

/** Below this difference of losses, in nats, there is nothing to restore. */
const LEAST_DIFFERENCE = 0.1;

/**
 * Patches every chosen activation, head by head where it has heads, from the clean run into the corrupted one. Throws an
 * Error when the prompts are not as many, or not of equal length, or a hook point is not the model's.
 */
export function activationPatching(model: Model, pair: PromptPair, options: PatchingOptions = {}): PatchingRecord {
  checkPair(pair);
  const { config } = model;
  const hooks = selectHookPoints(config, options.hooks ?? 'blocks.*.attn.hook_z', 'activationPatching');
  const { clean, corrupted, queries } = pair;
  const cleanRun = model.runWithCache(clean, { names: hooks });
  const corruptedRun = model.runWithCache(corrupted, { names: hooks });
  const measure = (run: Pick<CachedRun, 'logits' | 'length'>): Float64Array => targetLosses(run.logits, pair, config);
  const cleanLosses = measure(cleanRun);
  const corruptedLosses = measure(corruptedRun);
  const gap = corruptedLosses.map((loss, s) => loss - cleanLosses[s]!);
  const applies = mean(gap) >= LEAST_DIFFERENCE;
  const attribute = applies && sameTargets(pair) ? attribution(model, pair, { hooks, cleanRun, corruptedRun }) : null;
  const length = cleanRun.length;
  const effects = sites(config, hooks, options.byPosition ? length : 0).map((site) => {
    const patch: Patch = {
      kind: 'patch',
      hook: site.hook,
      ...(site.head === null ? {} : { head: site.head }),
      ...(site.position === null ? {} : { positions: [site.position] }),
    };
    const restored = applies
      ? measure(model.runWithInterventions(corrupted, [patch], { clean: cleanRun.cache })).map(
          (loss, s) => corruptedLosses[s]! - loss,
        )
      : gap.map(() => Number.NaN);
    return {
      ...site,
      effect: applies
        ? estimateRatio(restored, gap)
        : { value: Number.NaN, interval: [Number.NaN, Number.NaN] as const, n: gap.length },
      attributed: attribute ? -attribute(site) / mean(gap) : null,
    };
  });
  return {
    cleanLoss: estimate(cleanLosses),
    corruptedLoss: estimate(corruptedLosses),
    effects: effects.map((effect) => ({ ...effect, control: controlOf(effect, effects) })),
    doesNotApply: applies
      ? null
      : `The corruption costs ${mean(gap).toFixed(2)} nats, less than ${LEAST_DIFFERENCE}: there is nothing to restore.`,
    queries,
    sequences: clean.length,
    length,
  };
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

function checkPair({ clean, corrupted, queries }: PromptPair): void {
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

/** First-order change of the corrupted loss by each patch, in nats: gradient × difference of activations. */
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
