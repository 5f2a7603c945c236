// What a forward pass must have planned and watched, so that interventions act and named activations are kept.
import type { Tensor } from '../engine/tensor.ts';
import type { ActivationCache } from './activationCache.ts';
import type { PlanOptions, Watcher } from './components/plan.ts';
import type { ModelConfig } from './config.ts';
import type { Executor, Watch } from './execution.ts';
import { type HookPoint, hookPoint } from './hookPoints.ts';
import {
  compileInterventions,
  hooksOfMeans,
  type Intervention,
  type RemoveFromInput,
  sourceLayers,
} from './interventions/interventions.ts';
import { addToMean, type OutputMeans } from './interventions/outputMeans.ts';
import type { SharedMeans } from './interventions/places.ts';
import { allParts, outputHook, type PartIndex, partLabel } from './partIndex.ts';
import type { Tokens } from './tokens.ts';
import type { BatchSlice } from './workspace.ts';

/** What is to be planned so that these hook points are there. */
export const planFor = (config: ModelConfig, names: readonly string[]): PlanOptions => ({
  gradients: false,
  results: layersOf(config, names, 'headResult'),
  splitInputs: layersOf(config, names, 'headInput'),
  attentionInputs: layersOf(config, names.filter(isAttentionInput), 'headInput'),
  mlpInputs: layersOf(config, names, 'mlpInput'),
});

/** Whether it is what queries, keys and values are all taken from. */
const isAttentionInput = (name: string): boolean => name.endsWith('.hook_attn_in');

/** The layers whose hook points of that role are named. */
const layersOf = (config: ModelConfig, names: readonly string[], role: HookPoint['role']): number[] =>
  names.filter((name) => hookPoint(config, name).role === role).map((name) => Number(name.split('.')[1]));

export const namesRole = (config: ModelConfig, names: readonly string[], role: HookPoint['role']): boolean =>
  names.some((name) => hookPoint(config, name).role === role);

/** What a watcher of these hook points must ask of LayerNorms. */
export const watchedNorms = (
  config: ModelConfig,
  { seen, changed }: { seen: readonly string[]; changed: readonly string[] },
): Pick<Watcher, 'changesScale' | 'seesNormalized'> => ({
  changesScale: namesRole(config, changed, 'scale'),
  seesNormalized: namesRole(config, [...seen, ...changed], 'normalized'),
});

/** The hook points that interventions set; what is taken out of an input is told by its layer instead. */
const changedBy = (interventions: readonly Intervention[]): string[] =>
  interventions.flatMap((i) => (i.kind === 'removeFromInput' ? [] : [i.hook]));

const removalsOf = (interventions: readonly Intervention[]): RemoveFromInput[] =>
  interventions.filter((i) => i.kind === 'removeFromInput');

/** The layers of removals from MLPs' inputs, or of those from heads'. */
const layersOfTargets = (removals: readonly RemoveFromInput[], mlps: boolean): number[] =>
  removals.filter(({ input }) => (input === 'mlp') === mlps).map(({ layer }) => layer);

/** The plan of a run with interventions that keeps activations. Throws an Error where two of them cannot both act. */
export function planRun(
  config: ModelConfig,
  {
    interventions,
    names,
    caller,
  }: { interventions: readonly Intervention[]; names: readonly string[]; caller: string },
): PlanOptions {
  const changed = changedBy(interventions);
  const removals = removalsOf(interventions);
  const named = planFor(config, [...names, ...changed]);
  const plan = {
    ...named,
    results: [...named.results, ...removals.flatMap((removal) => sourceLayers(config, removal))],
    splitInputs: [...named.splitInputs, ...layersOfTargets(removals, false)],
    mlpInputs: [...(named.mlpInputs ?? []), ...layersOfTargets(removals, true)],
  };
  if (plan.splitInputs.length > 0) refuseClash(caller, changed);
  return plan;
}

/** A run's interventions with what they need of the clean run and of the batch's other slices. */
export interface Acting {
  readonly config: ModelConfig;
  readonly interventions: readonly Intervention[];
  readonly names: readonly string[];
  readonly clean: ActivationCache;
  /** Sequences in all. */
  readonly batch: number;
  readonly means: SharedMeans;
  readonly outputMeans: OutputMeans;
}

/** Applies the interventions to a slice, and then shows each activation. */
export const watchRun =
  (acting: Acting, see: (activation: Tensor, slice: { first: number; batch: number }) => void): Watch =>
  (transformer, { first }: BatchSlice) => {
    const { config, interventions, names, batch } = acting;
    const slice = { first, batch };
    const outputOf = (part: PartIndex): Tensor => transformer.outputOf(outputHook(part));
    const hooks = compileInterventions({ ...acting, outputOf, slice });
    return {
      ...watchedNorms(config, { seen: names, changed: changedBy(interventions) }),
      forward: (activation) => {
        for (const action of hooks.get(activation.name) ?? []) action(activation);
        see(activation, slice);
      },
    };
  };

/** Fills the acting interventions' means of outputs where the batch runs in slices: a pass for each of them in turn. */
export function fillOutputMeans(
  acting: Omit<Acting, 'names' | 'outputMeans'> & { outputMeans: Map<string, Float64Array> },
  { executor, tokens, plan, caller }: { executor: Executor; tokens: Tokens; plan: PlanOptions; caller: string },
): void {
  const { config, interventions } = acting;
  const hooks = hooksOfMeans(config, interventions);
  const extent = { sequences: tokens.length, length: tokens[0]!.length };
  if (hooks.length === 0 || executor.slices({ caller, plan }, extent).length === 1) return;
  // A mean over a batch in slices is known once all of them have passed it, and what comes later depends on it.
  for (const hook of hooks) {
    const { found, see } = watchMeans(hook, { config, rows: extent.sequences * extent.length });
    executor.execute({ caller, tokens, plan, watch: watchRun({ ...acting, names: [] }, see) });
    for (const [part, mean] of found) acting.outputMeans.set(part, mean);
  }
}

/** Adds what parts write to its means over the whole batch, which are known once every slice has passed. */
function watchMeans(
  hook: string,
  { config, rows }: { config: ModelConfig; rows: number },
): { found: Map<string, Float64Array>; see(activation: Tensor): void } {
  const found = new Map<string, Float64Array>();
  const parts = allParts(config).filter((part) => outputHook(part) === hook);
  return {
    found,
    see: (activation) => {
      if (activation.name !== hook) return;
      for (const part of parts) {
        const mean = found.get(partLabel(part)) ?? new Float64Array(activation.width);
        found.set(partLabel(part), mean);
        addToMean(mean, activation, part, rows);
      }
    },
  };
}

/** While heads have inputs of their own they no longer read the layer's common LayerNorm. */
export function refuseClash(caller: string, changed: readonly string[]): void {
  const clash = changed.find((name) => name.includes('.ln1.'));
  if (clash)
    throw new Error(
      `${caller}: "${clash}" has no effect while heads have inputs of their own; leave out it or what acts on hook_q_input, hook_k_input, hook_v_input or hook_attn_in.`,
    );
}

/** Keeps the named activations of a run in the cache, a slice after the other. */
export function keepIn(
  cache: ActivationCache,
  names: readonly string[],
): (activation: Tensor, slice: { first: number; batch: number }) => void {
  const keep = new Set(names);
  return (activation, slice) => {
    if (keep.has(activation.name)) cache.keep(activation, { slice });
  };
}
