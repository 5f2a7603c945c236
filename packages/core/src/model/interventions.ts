// Interventions are values: what to change, at a named place. They can go to a worker, into a run's record, into a link.
import type { Tensor } from '../engine/tensor.ts';
import type { ActivationCache } from './activationCache.ts';
import { headLabel, type ModelConfig } from './config.ts';
import { checkPlace, type Place, type PlacedIntervention, placedAction } from './places.ts';

export interface HeadName {
  readonly layer: number;
  readonly head: number;
}

/** What a head reads: the inputs of its queries, keys and values. */
export const INPUTS = ['q', 'k', 'v'] as const;
export type Input = (typeof INPUTS)[number];

/** A head's output before W_O: setting it to zero takes the head out of the residual stream. */
export const headOutput = ({ layer, head }: HeadName): Place => ({ hook: `blocks.${layer}.attn.hook_z`, head });

/**
 * Takes earlier heads' outputs (their `hook_result`; b_O stays) out of one head's Q, K or V input alone, before its
 * LayerNorm. `mean` leaves each output's mean over sequences and positions of this run in place of it.
 */
export interface RemoveFromInput extends HeadName {
  readonly kind: 'removeFromInput';
  readonly input: Input;
  /** Heads of earlier layers, or all of them. */
  readonly sources: readonly HeadName[] | 'allEarlier';
  readonly by?: 'zero' | 'mean';
}

export type Intervention = PlacedIntervention | RemoveFromInput;

/** All heads of all layers before this one. */
export function earlierHeads(config: ModelConfig, layer: number): HeadName[] {
  return Array.from({ length: layer * config.nHeads }, (_, i) => ({
    layer: Math.floor(i / config.nHeads),
    head: i % config.nHeads,
  }));
}

export const allHeads = (config: ModelConfig): HeadName[] => earlierHeads(config, config.nLayers);

/** Throws an Error naming the head and what the model has. */
export function checkHead(config: ModelConfig, { layer, head }: HeadName, caller: string): void {
  const inRange = (value: number, count: number): boolean => Number.isInteger(value) && value >= 0 && value < count;
  if (!inRange(layer, config.nLayers) || !inRange(head, config.nHeads))
    throw new Error(
      `${caller}: there is no head ${headLabel(layer, head)}; this model has heads L0H0 to ${headLabel(config.nLayers - 1, config.nHeads - 1)}.`,
    );
}

/** Throws an Error when an intervention names a hook point, head, mean or source that the model does not have. */
export function checkIntervention(config: ModelConfig, intervention: Intervention): void {
  const { kind } = intervention;
  if (kind !== 'removeFromInput') {
    checkPlace(config, intervention, kind);
    return;
  }
  checkHead(config, intervention, kind);
  const { layer, head, sources } = intervention;
  for (const source of sources === 'allEarlier' ? [] : sources) {
    checkHead(config, source, kind);
    if (source.layer >= layer)
      throw new Error(
        `removeFromInput: ${headLabel(source.layer, source.head)} is not earlier than ${headLabel(layer, head)}; name heads of layers before ${layer}.`,
      );
  }
}

/** Whether what an intervention does to one sequence depends on the others that run with it. */
export const looksAcross = (i: Intervention): boolean =>
  i.kind === 'resampleAblate' ||
  (i.kind === 'meanAblate' && !i.mean) ||
  (i.kind === 'removeFromInput' && i.by === 'mean');

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

/** Turns interventions into actions on activations. `resultOf(layer)` is that layer's hook_result of the same run. */
export function compileInterventions(options: {
  config: ModelConfig;
  interventions: readonly Intervention[];
  clean: ActivationCache;
  resultOf: (layer: number) => Tensor;
}): TensorHooks {
  const { config, interventions, clean, resultOf } = options;
  const hooks: TensorHooks = new Map();
  const on = (name: string, action: (activation: Tensor) => void): void => {
    hooks.set(name, [...(hooks.get(name) ?? []), action]);
  };
  const sums = new Map<string, Float64Array>(); // many heads of a layer often lose the same sources
  const removed = (sources: readonly HeadName[], by: 'zero' | 'mean'): Float64Array => {
    const key = JSON.stringify([sources, by]);
    const sum = sums.get(key) ?? sumOfResults(sources, by, resultOf);
    sums.set(key, sum);
    return sum;
  };
  for (const intervention of interventions)
    if (intervention.kind !== 'removeFromInput') on(intervention.hook, placedAction(intervention, clean));
    else {
      const { layer, head, input, by = 'zero' } = intervention;
      const sources = intervention.sources === 'allEarlier' ? earlierHeads(config, layer) : intervention.sources;
      on(`blocks.${layer}.hook_${input}_input`, (t) => subtract(t, head, removed(sources, by)));
    }
  return hooks;
}

/** Σ over sources of result[:, :, source, :], or of its deviation from its mean: [batch · pos, padded dModel]. */
function sumOfResults(
  sources: readonly HeadName[],
  by: 'zero' | 'mean',
  resultOf: (layer: number) => Tensor,
): Float64Array {
  let sum = new Float64Array(0);
  for (const { layer, head } of sources) {
    const { data, shape, width } = resultOf(layer);
    const heads = shape[2] as number;
    const rows = data.length / (heads * width);
    if (sum.length === 0) sum = new Float64Array(rows * width);
    const mean = new Float64Array(width);
    if (by === 'mean')
      for (let row = 0; row < rows; row++)
        for (let i = 0; i < width; i++) mean[i]! += data[(row * heads + head) * width + i]! / rows;
    for (let row = 0; row < rows; row++) {
      const at = (row * heads + head) * width;
      for (let i = 0; i < width; i++) sum[row * width + i]! += data[at + i]! - mean[i]!;
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
