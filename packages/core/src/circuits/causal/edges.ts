// Edges between heads, their ablation and their patching.

import * as z from 'zod/mini';
import { checkArgument } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import { allHeads, earlierHeads, type HeadIndex, labelOf } from '../../model/heads.ts';
import { INPUTS, type Input, type Intervention, type Replacement } from '../../model/interventions/interventions.ts';
import { checkInstance, headSchema, instanceSchema } from '../checks.ts';
import { PromptSet } from '../data/promptSet.ts';

/** An edge: from a head's output, the source, to the Q, K or V input of a later head, the target. */
export interface Edge {
  readonly source: HeadIndex;
  readonly target: HeadIndex;
  readonly input: Input;
}

export const edgeLabel = ({ source, target, input }: Edge): string =>
  `${labelOf(source)} → ${labelOf(target)} ${input.toUpperCase()}`;

/** Every edge between two heads of a model. */
export const allEdges = (config: ModelConfig): Edge[] =>
  allHeads(config).flatMap((target) =>
    earlierHeads(config, target.layer).flatMap((source) => INPUTS.map((input) => ({ source, target, input }))),
  );

/** From some heads into one input of each of the targets that comes later. */
export const edgesInto = (
  targets: readonly HeadIndex[],
  { input, sources }: { input: Input; sources: readonly HeadIndex[] },
): Edge[] =>
  targets.flatMap((target) =>
    sources.filter(({ layer }) => layer < target.layer).map((source) => ({ source, target, input })),
  );

/** A list of edges, as an argument. */
export const edgesSchema: z.ZodMiniType = z.array(
  z.strictObject({ source: headSchema, target: headSchema, input: z.enum(INPUTS) }),
);

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
 */
export function ablateEdges(edges: readonly Edge[], options: EdgeAblation = {}): Intervention[] {
  checkArgument('ablateEdges', 'edges', edgesSchema, edges);
  checkArgument('ablateEdges', 'options', ablationSchema, options);
  const { by = 'mean', set } = options;
  if (set === undefined) return onEdges(edges, by);
  checkInstance('ablateEdges', { what: 'options.set', value: set }, PromptSet);
  return by === 'mean' ? onEdges(edges, by, (sources) => meanOf(set, sources)) : onEdges(edges, by);
}

/** What some heads together write on average over a set: dModel numbers. */
const meanOf = (set: PromptSet, sources: readonly HeadIndex[]): number[] =>
  sources
    .map((source) => set.meanResult(source))
    .reduce<number[]>((sum, mean) => sum.map((x, i) => x + mean[i]!), new Array(set.model.config.dModel).fill(0));

/**
 * Path patching (Wang et al. 2022; Goldowsky-Dill et al. 2023): gives the edges what they carry in the clean run, that is
 * in the run of `clean`, and leaves everything else of this run as it is. What changes is what the targets read there, and
 * what follows from it.
 */
export function patchEdges(edges: readonly Edge[]): Intervention[] {
  checkArgument('patchEdges', 'edges', edgesSchema, edges);
  return onEdges(edges, 'clean');
}

function onEdges(
  edges: readonly Edge[],
  by: Replacement,
  meanOfAll?: (sources: readonly HeadIndex[]) => number[],
): Intervention[] {
  const inputs = new Map<string, Edge[]>();
  for (const edge of edges) {
    const key = `${labelOf(edge.target)} ${edge.input}`;
    inputs.set(key, [...(inputs.get(key) ?? []), edge]);
  }
  return [...inputs.values()].map((group) => {
    const { target, input } = group[0] as Edge;
    const sources = group.map(({ source }) => source);
    const mean = meanOfAll ? { mean: meanOfAll(sources) } : {};
    return { kind: 'removeFromInput', ...target, input, sources, by, ...mean };
  });
}
