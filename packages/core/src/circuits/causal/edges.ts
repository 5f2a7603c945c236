// Edges between heads, their ablation and their patching.

import * as z from 'zod/mini';
import { checkArgument } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import { allHeads, earlierHeads, type HeadIndex, labelOf } from '../../model/heads.ts';
import { INPUTS, type Input, type Intervention, type Replacement } from '../../model/interventions/interventions.ts';
import { headSchema } from '../checks.ts';

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

/**
 * Edge ablation: takes the edges' sources out of their targets' inputs, leaving the mean or nothing; each target input in one
 * go. As values, in links and in records, interventions on edges are of the kind `removeFromInput`.
 */
export function ablateEdges(edges: readonly Edge[], options: { readonly by?: 'zero' | 'mean' } = {}): Intervention[] {
  checkArgument('ablateEdges', 'edges', edgesSchema, edges);
  checkArgument('ablateEdges', 'options', z.strictObject({ by: z.optional(z.enum(['zero', 'mean'])) }), options);
  return onEdges(edges, options.by ?? 'mean');
}

/**
 * Path patching (Wang et al. 2022; Goldowsky-Dill et al. 2023): gives the edges what they carry in the clean run, that is
 * in the run of `clean`, and leaves everything else of this run as it is. What changes is what the targets read there, and
 * what follows from it.
 */
export function patchEdges(edges: readonly Edge[]): Intervention[] {
  checkArgument('patchEdges', 'edges', edgesSchema, edges);
  return onEdges(edges, 'clean');
}

function onEdges(edges: readonly Edge[], by: Replacement): Intervention[] {
  const inputs = new Map<string, Edge[]>();
  for (const edge of edges) {
    const key = `${labelOf(edge.target)} ${edge.input}`;
    inputs.set(key, [...(inputs.get(key) ?? []), edge]);
  }
  return [...inputs.values()].map((group) => {
    const { target, input } = group[0] as Edge;
    return { kind: 'removeFromInput', ...target, input, sources: group.map(({ source }) => source), by };
  });
}
