// Interventions are values: what to change, at a named place. They can go to a worker, into a run's record, into a link.

import type { Tensor } from '../../engine/tensor.ts';
import type { ActivationCache } from '../activationCache.ts';
import type { ModelConfig } from '../config.ts';
import type { HeadIndex } from '../heads.ts';
import { allParts, earlierParts, outputHook, type PartIndex } from '../partIndex.ts';
import type { OutputMeans } from './outputMeans.ts';
import { type Place, type PlacedIntervention, placedAction, type SharedMeans, type Slice } from './places.ts';
import { sumOfDeviations, takeOut } from './removals.ts';

/** What a head reads: the inputs of its queries, keys and values. */
export const INPUTS = ['q', 'k', 'v'] as const;
/** Which of a head's inputs: the query's, the key's or the value's. */
export type Input = (typeof INPUTS)[number];

/** A head's output before W_O: setting it to zero takes the head out of the residual stream. */
export const headOutput = ({ layer, head }: HeadIndex): Place => ({ hook: `blocks.${layer}.attn.hook_z`, head });

/**
 * Every head's output after W_O in a layer: what edges carry.
 * @param layer From 0.
 */
export const headResult = (layer: number | '*'): string => `blocks.${layer}.attn.hook_result`;

/** What takes the place of an output in an input. */
export const REPLACEMENTS = ['zero', 'mean', 'clean'] as const;
/** An intervention that puts other values in an activation's place. */
export type Replacement = (typeof REPLACEMENTS)[number];

/**
 * Acts on edges: takes what earlier parts write (a head's `hook_result`, without b_O; an MLP's `hook_mlp_out`) out of one
 * input alone, before its LayerNorm: one head's Q, K or V input, or, with `input: "mlp"`, that of the layer's MLP. In the place
 * of each it leaves nothing (`zero`, the default) or a `mean`, which is edge ablation: the output's over sequences and positions
 * of this run, or one that is given. Or, with `clean`, what that output is in the clean run, which is path patching (Wang et al.
 * 2022; Goldowsky-Dill et al. 2023): nothing else of this run is replaced.
 */
export interface RemoveFromInput {
  readonly kind: 'removeFromInput';
  /** The layer that reads, from 0. */
  readonly layer: number;
  /** Of Q, K and V inputs; an MLP has none. */
  readonly head?: number;
  readonly input: Input | 'mlp';
  /** Heads and MLPs that come earlier, or all of them. */
  readonly sources: readonly PartIndex[] | 'allEarlier';
  readonly by?: Replacement;
  /** What `mean` leaves in the place of all sources together: dModel numbers. */
  readonly mean?: readonly number[];
  /** How far the way from the output (0) to what takes its place (1) is gone: all of it by default. Attribution walks it. */
  readonly share?: number;
}

/** What is done to a run, as plain data: serialisable, applied at named places. */
export type Intervention = PlacedIntervention | RemoveFromInput;

/** The part whose input it is. */
export const targetOf = ({ layer, head, input }: Pick<RemoveFromInput, 'layer' | 'head' | 'input'>): PartIndex =>
  input === 'mlp' ? { layer, mlp: true } : { layer, head: head as number };

/** The hook point of that input. */
export const inputHook = ({ layer, input }: Pick<RemoveFromInput, 'layer' | 'input'>): string =>
  `blocks.${layer}.hook_${input === 'mlp' ? 'mlp_in' : `${input}_input`}`;

/** The parts that a removal names, one by one. */
export const sourcesOf = (config: ModelConfig, removal: RemoveFromInput): readonly PartIndex[] =>
  removal.sources === 'allEarlier' ? earlierParts(config, targetOf(removal)) : removal.sources;

/** Whether what an intervention does to one sequence depends on the others that run with it. */
export const looksAcross = (i: Intervention): boolean =>
  i.kind === 'resampleAblate' || (i.kind === 'meanAblate' && !i.mean) || leavesMeanOfRun(i);

/** Whether means of the run's own outputs are left in an input. */
const leavesMeanOfRun = (i: Intervention): i is RemoveFromInput =>
  i.kind === 'removeFromInput' && i.by === 'mean' && !i.mean;

/** Whether an intervention only puts in what the clean run has at the same place. */
export const takesFromClean = (i: Intervention): boolean =>
  i.kind === 'patch' || (i.kind === 'removeFromInput' && i.by === 'clean');

/** Numbers in a name of interventions, at most: longer names take more room than they save time. */
const MOST_NUMBERS = 1000;

/**
 * A name of interventions of which each has a place of its own, so that their order does not matter: lists of the same name
 * do the same to a run. Null where the order may matter, and where there are many numbers.
 */
export function nameOf(interventions: readonly Intervention[]): string | null {
  const places = new Set(interventions.map(ownPlace));
  const numbers = interventions.reduce((sum, one) => sum + ('mean' in one && one.mean ? one.mean.length : 0), 0);
  if (places.has(null) || places.size < interventions.length || numbers > MOST_NUMBERS) return null;
  return JSON.stringify(interventions.map((one) => JSON.stringify(one)).sort());
}

/** What an intervention on one head, or on an MLP's input, sets whatever else acts; null of others. */
function ownPlace(one: Intervention): string | null {
  if (one.kind === 'removeFromInput') return `${one.layer} ${one.head} ${one.input}`;
  const given = one.kind === 'zeroAblate' || (one.kind === 'meanAblate' && one.mean !== undefined);
  return given && one.head !== undefined ? `${one.hook} ${one.head}` : null;
}

/** The hook points of what a removal takes out. */
const sourceHooks = (config: ModelConfig, removal: RemoveFromInput): string[] =>
  sourcesOf(config, removal).map(outputHook);

/** The layers that a removal needs the outputs of. */
export const sourceLayers = (config: ModelConfig, removal: RemoveFromInput): number[] =>
  sourcesOf(config, removal).map(({ layer }) => layer);

/** The outputs whose means over the whole batch some intervention needs, in forward order. */
export function hooksOfMeans(config: ModelConfig, interventions: readonly Intervention[]): string[] {
  const needed = new Set(interventions.filter(leavesMeanOfRun).flatMap((i) => sourceHooks(config, i)));
  return [...new Set(allParts(config).map(outputHook))].filter((hook) => needed.has(hook));
}

/** What must be kept from a clean run before these interventions can be applied: hook names. */
export const cleanRunNeeds = (config: ModelConfig, interventions: readonly Intervention[]): string[] => [
  ...new Set(
    interventions.flatMap((i) => {
      if (i.kind === 'removeFromInput') return i.by === 'clean' ? sourceHooks(config, i) : [];
      return i.kind === 'patch' || i.kind === 'resampleAblate' || (i.kind === 'meanAblate' && !i.mean) ? [i.hook] : [];
    }),
  ),
];

/** Hook name → what to do to the activation there. */
export type TensorHooks = Map<string, ((activation: Tensor) => void)[]>;

/**
 * Turns interventions into actions on activations. `outputOf` gives what a part has written in the same run. A batch
 * that runs in slices is compiled slice by slice: `slice` says which, and `means` and `outputMeans` hold what depends on
 * the sequences of the others.
 */
export function compileInterventions(options: {
  config: ModelConfig;
  interventions: readonly Intervention[];
  clean: ActivationCache;
  outputOf: (part: PartIndex) => Tensor;
  slice?: Slice;
  means?: SharedMeans;
  outputMeans?: OutputMeans;
}): TensorHooks {
  const { config, interventions } = options;
  const hooks: TensorHooks = new Map();
  const on = (name: string, action: (activation: Tensor) => void): void => {
    hooks.set(name, [...(hooks.get(name) ?? []), action]);
  };
  const sums = new Map<string, Float64Array>(); // many heads of a layer often lose the same sources
  const removed = (sources: readonly PartIndex[], by: Replacement): Float64Array => {
    const key = JSON.stringify([sources, by]);
    const sum = sums.get(key) ?? sumOfDeviations(sources, { ...options, by });
    sums.set(key, sum);
    return sum;
  };
  for (const intervention of interventions)
    if (intervention.kind !== 'removeFromInput') on(intervention.hook, placedAction(intervention, options));
    else {
      const { head = 0, mean, by = 'zero', share = 1 } = intervention;
      const sources = sourcesOf(config, intervention);
      const left = mean ? { mean } : {};
      on(inputHook(intervention), (t) => takeOut(t, { head, share, ...left }, removed(sources, mean ? 'zero' : by)));
    }
  return hooks;
}
