// Interventions are values: what to change, at a named place. They can go to a worker, into a run's record, into a link.

import type { Tensor } from '../../engine/tensor.ts';
import type { ActivationCache } from '../activationCache.ts';
import type { ModelConfig } from '../config.ts';
import { earlierHeads, type HeadIndex } from '../heads.ts';
import { type Place, type PlacedIntervention, placedAction, type SharedMeans, type Slice } from './places.ts';
import { addToMean, type ResultMeans } from './resultMeans.ts';

/** What a head reads: the inputs of its queries, keys and values. */
export const INPUTS = ['q', 'k', 'v'] as const;
export type Input = (typeof INPUTS)[number];

/** A head's output before W_O: setting it to zero takes the head out of the residual stream. */
export const headOutput = ({ layer, head }: HeadIndex): Place => ({ hook: `blocks.${layer}.attn.hook_z`, head });

/**
 * Takes earlier heads' outputs (their `hook_result`; b_O stays) out of one head's Q, K or V input alone, before its
 * LayerNorm. `mean` leaves each output's mean over sequences and positions of this run in place of it.
 */
export interface RemoveFromInput extends HeadIndex {
  readonly kind: 'removeFromInput';
  readonly input: Input;
  /** Heads of earlier layers, or all of them. */
  readonly sources: readonly HeadIndex[] | 'allEarlier';
  readonly by?: 'zero' | 'mean';
}

export type Intervention = PlacedIntervention | RemoveFromInput;

/** The heads that a removal from a head of this layer names, one by one. */
export const sourcesOf = (
  config: ModelConfig,
  layer: number,
  sources: RemoveFromInput['sources'],
): readonly HeadIndex[] => (sources === 'allEarlier' ? earlierHeads(config, layer) : sources);

/** Whether what an intervention does to one sequence depends on the others that run with it. */
export const looksAcross = (i: Intervention): boolean =>
  i.kind === 'resampleAblate' ||
  (i.kind === 'meanAblate' && !i.mean) ||
  (i.kind === 'removeFromInput' && i.by === 'mean');

/** The layers whose results' means over the whole batch some intervention needs, first layer first. */
export const layersOfMeans = (config: ModelConfig, interventions: readonly Intervention[]): number[] =>
  [
    ...new Set(
      interventions.flatMap((i) =>
        i.kind === 'removeFromInput' && i.by === 'mean'
          ? sourcesOf(config, i.layer, i.sources).map((source) => source.layer)
          : [],
      ),
    ),
  ].sort((a, b) => a - b);

/** What must be kept from a clean run before these interventions can be applied: hook names. */
export const cleanRunNeeds = (interventions: readonly Intervention[]): string[] => [
  ...new Set(
    interventions.flatMap((i) =>
      i.kind === 'patch' || i.kind === 'resampleAblate' || (i.kind === 'meanAblate' && !i.mean) ? [i.hook] : [],
    ),
  ),
];

/** Hook name → what to do to the activation there. */
export type TensorHooks = Map<string, ((activation: Tensor) => void)[]>;

/**
 * Turns interventions into actions on activations. `resultOf(layer)` is that layer's hook_result of the same run. A batch
 * that runs in slices is compiled slice by slice: `slice` says which, and `means` and `resultMeans` hold what depends on
 * the sequences of the others.
 */
export function compileInterventions(options: {
  config: ModelConfig;
  interventions: readonly Intervention[];
  clean: ActivationCache;
  resultOf: (layer: number) => Tensor;
  slice?: Slice;
  means?: SharedMeans;
  resultMeans?: ResultMeans;
}): TensorHooks {
  const { config, interventions, resultOf, resultMeans = new Map() } = options;
  const hooks: TensorHooks = new Map();
  const on = (name: string, action: (activation: Tensor) => void): void => {
    hooks.set(name, [...(hooks.get(name) ?? []), action]);
  };
  const sums = new Map<string, Float64Array>(); // many heads of a layer often lose the same sources
  const removed = (sources: readonly HeadIndex[], by: 'zero' | 'mean'): Float64Array => {
    const key = JSON.stringify([sources, by]);
    const sum = sums.get(key) ?? sumOfResults(sources, { by, resultOf, resultMeans });
    sums.set(key, sum);
    return sum;
  };
  for (const intervention of interventions)
    if (intervention.kind !== 'removeFromInput') on(intervention.hook, placedAction(intervention, options));
    else {
      const { layer, head, input, by = 'zero' } = intervention;
      const sources = sourcesOf(config, layer, intervention.sources);
      on(`blocks.${layer}.hook_${input}_input`, (t) => subtract(t, head, removed(sources, by)));
    }
  return hooks;
}

/** Σ over sources of result[:, :, source, :], or of its deviation from its mean: [batch · pos, padded dModel]. */
function sumOfResults(
  sources: readonly HeadIndex[],
  options: { by: 'zero' | 'mean'; resultOf: (layer: number) => Tensor; resultMeans: ResultMeans },
): Float64Array {
  let sum = new Float64Array(0);
  for (const { layer, head } of sources) {
    const result = options.resultOf(layer);
    const { data, shape, width } = result;
    const heads = shape[2] as number;
    const rows = data.length / (heads * width);
    if (sum.length === 0) sum = new Float64Array(rows * width);
    const known = options.resultMeans.get(`${layer}.${head}`);
    const mean = known ?? new Float64Array(width);
    if (options.by === 'mean' && !known) addToMean(mean, result, head, rows);
    for (let row = 0; row < rows; row++) {
      const at = (row * heads + head) * width;
      if (options.by === 'mean') for (let i = 0; i < width; i++) sum[row * width + i]! += data[at + i]! - mean[i]!;
      else for (let i = 0; i < width; i++) sum[row * width + i]! += data[at + i]!;
    }
  }
  return sum;
}

/** input[:, :, head, :] −= removed */
function subtract(input: Tensor, head: number, removed: Float64Array): void {
  const { data, shape, width } = input;
  const heads = shape[2] as number;
  for (let row = 0; row < removed.length / width; row++) {
    const to = (row * heads + head) * width;
    for (let i = 0; i < width; i++) data[to + i]! -= removed[row * width + i]!;
  }
}
