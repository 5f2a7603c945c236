// Interventions are values: what to change, at a named place. They can go to a worker, into a run's record, into a link.
import type { Tensor } from '../engine/tensor.ts';
import { headLabel, type ModelConfig } from './config.ts';

export interface HeadName {
  readonly layer: number;
  readonly head: number;
}

/** Sets a head's z to zero at all positions, so that it adds nothing to the residual stream. */
export interface ZeroAblate extends HeadName {
  readonly kind: 'zeroAblate';
}

/**
 * Sets a head's z to a constant at all positions: `mean` (dHead numbers) if given, otherwise the mean over all
 * sequences and positions of the clean run on the same tokens.
 */
export interface MeanAblate extends HeadName {
  readonly kind: 'meanAblate';
  readonly mean?: readonly number[];
}

/**
 * Takes earlier heads' outputs (their `hook_result`; b_O stays) out of one head's Q, K or V input alone, before its
 * LayerNorm. `mean` leaves each output's mean over sequences and positions of this run in place of it.
 */
export interface RemoveFromInput extends HeadName {
  readonly kind: 'removeFromInput';
  readonly input: 'q' | 'k' | 'v';
  /** Heads of earlier layers, or all of them. */
  readonly sources: readonly HeadName[] | 'allEarlier';
  readonly by?: 'zero' | 'mean';
}

export type Intervention = ZeroAblate | MeanAblate | RemoveFromInput;

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

/** What must be read off a clean run before these interventions can be applied: hook names. */
export const cleanRunNeeds = (interventions: readonly Intervention[]): string[] => [
  ...new Set(
    interventions.flatMap((i) => (i.kind === 'meanAblate' && !i.mean ? [`blocks.${i.layer}.attn.hook_z`] : [])),
  ),
];

/** Means of a clean run's z by hook name: [head, dHead] in one array. */
export type CleanMeans = ReadonlyMap<string, Float64Array>;

/** Hook name → what to do to the activation there. */
export type TensorHooks = Map<string, ((activation: Tensor) => void)[]>;

/** Turns interventions into actions on activations. `resultOf(layer)` is that layer's hook_result of the same run. */
export function compileInterventions(options: {
  config: ModelConfig;
  interventions: readonly Intervention[];
  cleanMeans: CleanMeans;
  resultOf: (layer: number) => Tensor;
}): TensorHooks {
  const { config, interventions, cleanMeans, resultOf } = options;
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
  for (const intervention of interventions) {
    const { layer, head } = intervention;
    checkHead(config, intervention, intervention.kind);
    const z = `blocks.${layer}.attn.hook_z`;
    if (intervention.kind === 'zeroAblate') on(z, (t) => fillHead(t, head, () => 0));
    else if (intervention.kind === 'meanAblate') {
      const mean = intervention.mean ?? [
        ...cleanMeans.get(z)!.subarray(head * config.dHead, (head + 1) * config.dHead),
      ];
      if (mean.length !== config.dHead)
        throw new Error(`meanAblate: mean must have dHead = ${config.dHead} numbers, got ${mean.length}.`);
      on(z, (t) => fillHead(t, head, (c) => mean[c] as number));
    } else {
      const sources = intervention.sources === 'allEarlier' ? earlierHeads(config, layer) : intervention.sources;
      for (const source of sources) {
        checkHead(config, source, 'removeFromInput');
        if (source.layer >= layer)
          throw new Error(
            `removeFromInput: ${headLabel(source.layer, source.head)} is not earlier than ${headLabel(layer, head)}; name heads of layers before ${layer}.`,
          );
      }
      on(`blocks.${layer}.hook_${intervention.input}_input`, (t) => {
        subtract(t, head, removed(sources, intervention.by ?? 'zero'));
      });
    }
  }
  return hooks;
}

/** activation[:, :, head, c] = value(c) for [batch, pos, head, size]. */
function fillHead(activation: Tensor, head: number, value: (c: number) => number): void {
  const { data, strides, shape } = activation;
  const [batch, positions, , size] = shape as [number, number, number, number];
  const [perSequence, perPosition, perHead] = strides as [number, number, number, number];
  for (let s = 0; s < batch; s++)
    for (let p = 0; p < positions; p++) {
      const start = s * perSequence + p * perPosition + head * perHead;
      for (let c = 0; c < size; c++) data[start + c] = value(c);
    }
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
