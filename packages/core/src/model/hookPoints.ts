// The names of the hook points, which of them a model has, and how a user's pattern selects among them.
import * as z from 'zod/mini';
import type { Floats } from '../engine/tensor.ts';
import { ArgumentError, checkArgument } from '../errors/arguments.ts';
import { nearest } from '../errors/names.ts';
import { quoted } from '../errors/printable.ts';
import type { ModelConfig } from './config.ts';

/** Hook points that cost extra memory and are there only when named. */
const ON_REQUEST = ['attn.hook_result', 'hook_q_input', 'hook_k_input', 'hook_v_input'] as const;

/** A name, a glob with `*` and `?`, several of them, or a predicate. */
export type HookSelection = string | readonly string[] | ((name: string) => boolean);

/** Every hook point of this model in forward order; those on request only when asked for. */
export function hookPoints(config: ModelConfig, options: { onRequest: boolean }): string[] {
  checkArgument('hookPoints', 'options', Options, options);
  return pointsOf(config, options);
}

const Options = z.strictObject({ onRequest: z.boolean() });

function pointsOf(config: ModelConfig, { onRequest }: { onRequest: boolean }): string[] {
  const layerNorm = config.normalization === 'LN';
  const names = ['hook_embed'];
  if (config.positions !== 'rotary') names.push('hook_pos_embed');
  for (let layer = 0; layer < config.nLayers; layer++) {
    const block = [
      'hook_resid_pre',
      ...(layerNorm ? ['ln1.hook_scale', 'ln1.hook_normalized'] : []),
      ...(onRequest ? ['hook_q_input', 'hook_k_input', 'hook_v_input'] : []),
      'attn.hook_q',
      'attn.hook_k',
      'attn.hook_v',
      ...(config.positions === 'rotary' ? ['attn.hook_rot_q', 'attn.hook_rot_k'] : []),
      'attn.hook_attn_scores',
      'attn.hook_pattern',
      'attn.hook_z',
      ...(onRequest ? ['attn.hook_result'] : []),
      'hook_attn_out',
      'hook_resid_post',
    ];
    names.push(...block.map((suffix) => `blocks.${layer}.${suffix}`));
  }
  if (layerNorm) names.push('ln_final.hook_scale', 'ln_final.hook_normalized');
  return names;
}

export const isSplitInput = (name: string): boolean => /\.hook_[qkv]_input$/.test(name);
export const isResult = (name: string): boolean => name.endsWith('.attn.hook_result');
/** What a LayerNorm makes of the residual stream before its gain and shift: mean 0, variance 1. */
export const isNormalized = (name: string): boolean => name.endsWith('.hook_normalized');
/** Scores and patterns: [batch, head, queryPos, keyPos]. */
export const isSquare = (name: string): boolean => /hook_(attn_scores|pattern)$/.test(name);
export const isOnRequest = (name: string): boolean => ON_REQUEST.some((suffix) => name.endsWith(`.${suffix}`));

/**
 * The hook points that a selection names, in forward order. Points on request are matched by names and by globs other
 * than a lone `*`; predicates do not see them. Throws an Error listing the nearest names when a name or glob matches
 * nothing, and one when a predicate does, since what was to be looked at or changed there would be missed in silence. An
 * empty list selects nothing.
 */
export function selectHookPoints(config: ModelConfig, selection: HookSelection, caller: string): string[] {
  const all = pointsOf(config, { onRequest: true });
  if (typeof selection === 'function') return satisfying(selection, all, caller);
  const wanted = new Set<string>();
  for (const pattern of patternsOf(selection, caller)) {
    const found = matching(pattern, all);
    if (found.length === 0) throw new Error(unknownHook(caller, pattern, all));
    for (const name of found) wanted.add(name);
  }
  return all.filter((name) => wanted.has(name));
}

function patternsOf(selection: string | readonly string[], caller: string): readonly string[] {
  if (typeof selection === 'string') return [selection];
  const wrong = Array.isArray(selection) ? Array.from(selection).find((name) => typeof name !== 'string') : selection;
  if (!Array.isArray(selection) || Array.from(selection).some((name) => typeof name !== 'string'))
    throw new ArgumentError(
      `${caller}: hook points are named by a string, an array of strings or a function of a name, got ${quoted(wrong)}.`,
    );
  return selection;
}

function satisfying(predicate: (name: string) => boolean, all: readonly string[], caller: string): string[] {
  const found = all.filter((name) => {
    if (isOnRequest(name)) return false;
    const answer: unknown = predicate(name);
    if (typeof (answer as { then?: unknown } | null | undefined)?.then === 'function')
      throw new ArgumentError(
        `${caller}: the function of a name gave a promise; it must answer true or false at once.`,
      );
    return Boolean(answer);
  });
  if (found.length === 0)
    throw new ArgumentError(
      `${caller}: the function of a name chooses no hook point of this model; it is asked for names such as "${all[0]}", and those on request (${ON_REQUEST.join(', ')}) have to be named.`,
    );
  return found;
}

function matching(pattern: string, all: readonly string[]): string[] {
  if (!/[*?]/.test(pattern)) return all.filter((name) => name === pattern);
  const expression = globExpression(pattern);
  return all.filter((name) => expression.test(name) && (pattern !== '*' || !isOnRequest(name)));
}

/** A glob, ready to be held against names. */
export interface Glob {
  /** Whether the whole name is matched. */
  test(name: string): boolean;
}

/**
 * A glob with `*` (anything) and `?` (one character) over the whole name. A test takes at most about
 * glob.length × name.length comparisons, whatever the glob: only the last `*` is ever tried again.
 */
export function globExpression(glob: string): Glob {
  if (typeof glob !== 'string') throw new ArgumentError(`globExpression: glob must be a string, got ${quoted(glob)}.`);
  // A `?` is one character, also where two halves of a surrogate pair write it; stars in a row are one star.
  const wanted = [...glob.replace(/\*+/g, '*')];
  return { test: (name) => matches(wanted, [...name]) };
}

function matches(glob: readonly string[], name: readonly string[]): boolean {
  let [g, n] = [0, 0];
  let star = -1;
  let resumed = 0;
  while (n < name.length)
    if (glob[g] === '*') {
      star = g++;
      resumed = n;
    } else if (g < glob.length && (glob[g] === '?' || glob[g] === name[n])) {
      g++;
      n++;
    } else if (star >= 0) {
      g = star + 1;
      n = ++resumed;
    } else return false;
  while (glob[g] === '*') g++;
  return g === glob.length;
}

function unknownHook(caller: string, name: string, all: readonly string[]): string {
  const near = nearest(name, all).map((n) => `"${n}"`);
  return `${caller}: this model has no hook point ${quoted(name)}; the nearest are ${near.join(', ')}.`;
}

/** No intervention can let a query see future keys: what is left there becomes −∞ in scores and 0 in a pattern. */
export function hideFuture({ name, shape, data }: { name: string; shape: readonly number[]; data: Floats }): void {
  if (!isSquare(name)) return;
  const hidden = name.endsWith('pattern') ? 0 : Number.NEGATIVE_INFINITY;
  const length = shape[3] as number;
  for (let row = 0; row < data.length / length; row++)
    data.fill(hidden, row * length + (row % length) + 1, (row + 1) * length);
}
