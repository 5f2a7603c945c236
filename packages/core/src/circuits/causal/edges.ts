// Edges between heads and MLPs, their ablation and their patching.

import * as z from 'zod/mini';
import { checkArgument } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import type { HeadIndex } from '../../model/heads.ts';
import { INPUTS, type Input, type Intervention, type Replacement } from '../../model/interventions/interventions.ts';
import { allParts, earlierParts, isMlp, type PartIndex, partLabel } from '../../model/partIndex.ts';
import { checkInstance, headSchema, instanceSchema, mlpSchema } from '../checks.ts';
import { PromptSet } from '../data/promptSet.ts';

/**
 * An edge: from what the source, a head or an MLP, writes, to the Q, K or V input of a later head, or (`mlp`) to what a later MLP
 * reads. The MLP of a head's own layer is later, unless both are parallel.
 */
export interface Edge {
  /** The earlier head or MLP. */
  readonly source: PartIndex;
  /** The later head or MLP, which reads. */
  readonly target: PartIndex;
  readonly input: Input | 'mlp';
}

/** An edge between two heads. */
export interface HeadEdge {
  readonly source: HeadIndex;
  readonly target: HeadIndex;
  readonly input: Input;
}

/** The label of an edge, as in "L0H3 → L1H0 k". */
export const edgeLabel = ({ source, target, input }: Edge): string =>
  `${partLabel(source)} → ${partLabel(target)}${input === 'mlp' ? '' : ` ${input.toUpperCase()}`}`;

/** The inputs that a part has. */
export const inputsOf = (part: PartIndex): readonly (Input | 'mlp')[] => (isMlp(part) ? ['mlp'] : INPUTS);

/** Every input of every part that reads from an earlier one. */
export const laterInputs = (config: ModelConfig): Pick<Edge, 'target' | 'input'>[] =>
  allParts(config)
    .filter((target) => earlierParts(config, target).length > 0)
    .flatMap((target) => inputsOf(target).map((input) => ({ target, input })));

/** Every edge between two parts of a model. */
export const allEdges = (config: ModelConfig): Edge[] =>
  allParts(config).flatMap((target) =>
    earlierParts(config, target).flatMap((source) => inputsOf(target).map((input) => ({ source, target, input }))),
  );

/** As where an MLP reads what the heads of its layer write; in parallel models it does not. */
const comesBefore = (source: PartIndex, target: PartIndex): boolean =>
  source.layer < target.layer || (source.layer === target.layer && isMlp(target) && !isMlp(source));

/**
 * From some parts into one input of each of the targets that comes later.
 * @returns The edges, source by source.
 */
export const edgesInto = <Source extends PartIndex, Target extends PartIndex, In extends Input | 'mlp'>(
  targets: readonly Target[],
  { input, sources }: { input: In; sources: readonly Source[] },
): { source: Source; target: Target; input: In }[] =>
  targets.flatMap((target) =>
    sources.filter((source) => comesBefore(source, target)).map((source) => ({ source, target, input })),
  );

/** Throws an ArgumentError unless these are edges. */
export const checkEdges = (caller: string, what: string, edges: unknown): void => {
  checkArgument(caller, what, z.array(z.any()), edges);
  for (const [i, edge] of (edges as readonly unknown[]).entries()) {
    const { source, target } = Object(edge) as Partial<Edge>;
    const [from, to] = [source, target].map((part) => (isOfMlp(part) ? mlpSchema : headSchema));
    const input = isOfMlp(target) ? z.literal('mlp') : z.enum(INPUTS);
    checkArgument(caller, `${what}.${i}`, z.strictObject({ source: from!, target: to!, input }), edge);
  }
};

const isOfMlp = (part: unknown): boolean => typeof part === 'object' && part !== null && 'mlp' in part;

export interface EdgeAblation {
  /** What is left in the place of what an edge carries: its mean by default, or nothing. */
  readonly by?: 'zero' | 'mean';
  /** Whose mean: that over all of this set. Without, it is that of whatever runs. */
  readonly set?: PromptSet;
}

const ablationSchema = z.strictObject({ by: z.optional(z.enum(['zero', 'mean'])), set: z.optional(instanceSchema) });

/**
 * Edge ablation: takes the edges' sources out of their targets' inputs, leaving the mean or nothing; each target input in one
 * go. As values, in links and in records, interventions on edges are of the kind `removeFromInput`. Throws an ArgumentError
 * for what is no edge; with a set, an Error for a source that its model does not have.
 * @param options What takes the source's place: zero, or the mean over a set, which is then given.
 */
export function ablateEdges(edges: readonly Edge[], options: EdgeAblation = {}): Intervention[] {
  checkEdges('ablateEdges', 'edges', edges);
  checkArgument('ablateEdges', 'options', ablationSchema, options);
  const { by = 'mean', set } = options;
  if (set === undefined) return onEdges(edges, by);
  checkInstance('ablateEdges', { what: 'options.set', value: set }, PromptSet);
  return by === 'mean' ? onEdges(edges, by, (sources) => meanOf(set, sources)) : onEdges(edges, by);
}

/** What some parts together write on average over a set: dModel numbers. */
const meanOf = (set: PromptSet, sources: readonly PartIndex[]): number[] =>
  sources
    .map((source) => set.meanResult(source))
    .reduce<number[]>((sum, mean) => sum.map((x, i) => x + mean[i]!), new Array(set.model.config.dModel).fill(0));

/**
 * Path patching (Wang et al. 2022; Goldowsky-Dill et al. 2023): gives the edges what they carry in the clean run, that is
 * in the run of `clean`, and leaves everything else of this run as it is. What changes is what the targets read there, and
 * what follows from it.
 * @throws an Error for an edge that the model does not have.
 */
export function patchEdges(edges: readonly Edge[]): Intervention[] {
  checkEdges('patchEdges', 'edges', edges);
  return onEdges(edges, 'clean');
}

function onEdges(
  edges: readonly Edge[],
  by: Replacement,
  meanOfAll?: (sources: readonly PartIndex[]) => number[],
): Intervention[] {
  const inputs = new Map<string, Edge[]>();
  for (const edge of edges) {
    const key = `${partLabel(edge.target)} ${edge.input}`;
    inputs.set(key, [...(inputs.get(key) ?? []), edge]);
  }
  return [...inputs.values()].map((group) => {
    const { target, input } = group[0] as Edge;
    const sources = group.map(({ source }) => source);
    const mean = meanOfAll ? { mean: meanOfAll(sources) } : {};
    const { layer } = target;
    const head = isMlp(target) ? {} : { head: target.head };
    return { kind: 'removeFromInput', layer, ...head, input, sources, by, ...mean };
  });
}
