// The names of the hook points, which of them a model has, and how a user's pattern selects among them.
import type { Floats } from '../engine/tensor.ts';
import { nearest } from '../errors/names.ts';
import { quoted } from '../errors/printable.ts';
import type { ModelConfig } from './config.ts';

/** Hook points that cost extra memory and are there only when named. */
const ON_REQUEST = ['attn.hook_result', 'hook_q_input', 'hook_k_input', 'hook_v_input'] as const;

/** A name, a glob with `*` and `?`, several of them, or a predicate. */
export type HookSelection = string | readonly string[] | ((name: string) => boolean);

/** Every hook point of this model in forward order; those on request only when asked for. */
export function hookPoints(config: ModelConfig, { onRequest }: { onRequest: boolean }): string[] {
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
 * than a lone `*`; predicates do not see them. Throws an Error listing the nearest names when a name or glob matches nothing.
 */
export function selectHookPoints(config: ModelConfig, selection: HookSelection, caller: string): string[] {
  const all = hookPoints(config, { onRequest: true });
  if (typeof selection === 'function') return all.filter((name) => !isOnRequest(name) && selection(name));
  const wanted = new Set<string>();
  for (const pattern of typeof selection === 'string' ? [selection] : selection) {
    const found = matching(pattern, all);
    if (found.length === 0) throw new Error(unknownHook(caller, pattern, all));
    for (const name of found) wanted.add(name);
  }
  return all.filter((name) => wanted.has(name));
}

function matching(pattern: string, all: readonly string[]): string[] {
  if (!/[*?]/.test(pattern)) return all.filter((name) => name === pattern);
  const expression = globExpression(pattern);
  return all.filter((name) => expression.test(name) && (pattern !== '*' || !isOnRequest(name)));
}

/** A glob with `*` (anything) and `?` (one character) over the whole name. */
export function globExpression(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`);
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
