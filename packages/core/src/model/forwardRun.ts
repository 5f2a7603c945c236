// What a forward pass must have planned and watched, so that interventions act and named activations are kept.
import type { Tensor } from '../engine/tensor.ts';
import type { ActivationCache } from './activationCache.ts';
import type { LayerInput, PlanOptions, Watcher } from './components/plan.ts';
import type { ModelConfig } from './config.ts';
import type { Executor, Watch } from './execution.ts';
import { type HookPoint, hookPoint } from './hookPoints.ts';
import {
  compileInterventions,
  type Intervention,
  layersOfMeans,
  type RemoveFromInput,
  sourceLayers,
} from './interventions/interventions.ts';
import type { SharedMeans } from './interventions/places.ts';
import { addToMean, blankMeans, type ResultMeans } from './interventions/resultMeans.ts';
import type { Tokens } from './tokens.ts';
import type { BatchSlice } from './workspace.ts';

/** What is to be planned so that these hook points are there. */
export const planFor = (config: ModelConfig, names: readonly string[]): PlanOptions => ({
  gradients: false,
  results: layersOf(config, names, 'headResult'),
  splitInputs: inputsOf(config, names),
});

/** The layers whose hook points of that role are named. */
const layersOf = (config: ModelConfig, names: readonly string[], role: HookPoint['role']): number[] =>
  names.filter((name) => hookPoint(config, name).role === role).map((name) => Number(name.split('.')[1]));

/** The heads' inputs that are named. */
const inputsOf = (config: ModelConfig, names: readonly string[]): LayerInput[] =>
  names
    .filter((name) => hookPoint(config, name).role === 'headInput')
    .map((name) => name.replace(/^blocks\.(\d+)\.hook_(.)_input$/, '$1.$2') as LayerInput);

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
    gradients: false,
    results: [...named.results, ...removals.flatMap(sourceLayers)],
    splitInputs: [...named.splitInputs, ...removals.map(({ layer, input }): LayerInput => `${layer}.${input}`)],
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
  readonly resultMeans: ResultMeans;
}

/** Applies the interventions to a slice, and then shows each activation. */
export const watchRun =
  (acting: Acting, see: (activation: Tensor, slice: { first: number; batch: number }) => void): Watch =>
  (transformer, { first }: BatchSlice) => {
    const { config, interventions, names, batch } = acting;
    const slice = { first, batch };
    const resultOf = (layer: number): Tensor => transformer.resultOf(layer);
    const hooks = compileInterventions({ ...acting, resultOf, slice });
    return {
      ...watchedNorms(config, { seen: names, changed: changedBy(interventions) }),
      forward: (activation) => {
        for (const action of hooks.get(activation.name) ?? []) action(activation);
        see(activation, slice);
      },
    };
  };

/** Fills the acting interventions' means of results where the batch runs in slices: a pass for each layer. */
export function fillResultMeans(
  acting: Omit<Acting, 'names' | 'resultMeans'> & { resultMeans: Map<string, Float64Array> },
  { executor, tokens, plan, caller }: { executor: Executor; tokens: Tokens; plan: PlanOptions; caller: string },
): void {
  const { config, interventions } = acting;
  const layers = layersOfMeans(interventions);
  const extent = { sequences: tokens.length, length: tokens[0]!.length };
  if (layers.length === 0 || executor.slices({ caller, plan }, extent).length === 1) return;
  // A mean over a batch in slices is known once all of them have passed its layer, and later layers depend on it.
  for (const layer of layers) {
    const { found, see } = watchMeans(layer, { config, rows: extent.sequences * extent.length });
    executor.execute({ caller, tokens, plan, watch: watchRun({ ...acting, names: [] }, see) });
    for (const [key, mean] of found) acting.resultMeans.set(key, mean);
  }
}

/** Adds a layer's results to their means over the whole batch, which is known once every slice has passed the layer. */
function watchMeans(
  layer: number,
  { config, rows }: { config: ModelConfig; rows: number },
): { found: Map<string, Float64Array>; see(activation: Tensor): void } {
  const found = new Map<string, Float64Array>();
  return {
    found,
    see: (activation) => {
      if (activation.name !== `blocks.${layer}.attn.hook_result`) return;
      if (found.size === 0) for (const [key, mean] of blankMeans(layer, activation)) found.set(key, mean);
      for (let head = 0; head < config.nHeads; head++)
        addToMean(found.get(`${layer}.${head}`)!, activation, head, rows);
    },
  };
}

/** While heads have inputs of their own they no longer read the layer's common LayerNorm. */
export function refuseClash(caller: string, changed: readonly string[]): void {
  const clash = changed.find((name) => name.includes('.ln1.'));
  if (clash)
    throw new Error(
      `${caller}: "${clash}" has no effect while heads have inputs of their own; leave out it or what acts on hook_q_input, hook_k_input, hook_v_input.`,
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
