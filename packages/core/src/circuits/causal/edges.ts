// Edges between heads, and their ablation.

import * as z from 'zod/mini';
import { checkArgument } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import { allHeads, earlierHeads, type HeadIndex, labelOf } from '../../model/heads.ts';
import { INPUTS, type Input, type Intervention } from '../../model/interventions/interventions.ts';
import { headSchema } from '../checks.ts';

/** From a head's output to one input of a later head. */
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
 * Edge ablation: takes the edges' sources out of their targets' inputs, leaving the mean; each target input in one go. As
 * values, in links and in records, these interventions are of the kind `removeFromInput`.
 */
export function ablateEdges(edges: readonly Edge[]): Intervention[] {
  checkArgument('ablateEdges', 'edges', edgesSchema, edges);
  const inputs = new Map<string, Edge[]>();
  for (const edge of edges) {
    const key = `${labelOf(edge.target)} ${edge.input}`;
    inputs.set(key, [...(inputs.get(key) ?? []), edge]);
  }
  return [...inputs.values()].map((group) => {
    const { target, input } = group[0] as Edge;
    return { kind: 'removeFromInput', ...target, input, sources: group.map(({ source }) => source), by: 'mean' };
  });
}
