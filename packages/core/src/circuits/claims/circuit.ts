// A circuit as a claim: some heads, and which of the paths between them carry something. And the interventions that put
// the claim to the test, on a set of sequences whose means stand in for what is taken away.

import * as z from 'zod/mini';
import { ArgumentError, checkArgument } from '../../errors/arguments.ts';
import { allHeads, checkHead, type HeadIndex } from '../../model/heads.ts';
import { INPUTS, type Intervention } from '../../model/interventions/interventions.ts';
import { type PartIndex, samePart } from '../../model/partIndex.ts';
import { ablateEdges, allEdges, type Edge, edgeLabel } from '../causal/edges.ts';
import { checkInstance, headSchema } from '../checks.ts';
import { PromptSet } from '../data/promptSet.ts';

/** Some heads, and the edges between them that carry something. MLPs are no part of it: they stay as they are. */
export interface Circuit<Edges extends Edge = Edge> {
  readonly heads: readonly HeadIndex[];
  readonly edges: readonly Edges[];
}

const includes = (heads: readonly HeadIndex[], part: PartIndex): boolean => heads.some((h) => samePart(h, part));

/** Mean-ablates these heads. Throws an Error for a head that the model does not have. */
export function ablateHeads(set: PromptSet, heads: readonly HeadIndex[]): Intervention[] {
  checkInstance('ablateHeads', { what: 'the set', value: set }, PromptSet);
  checkArgument('ablateHeads', 'heads', z.array(headSchema), heads);
  return heads.map((name) => set.meanAblate(name));
}

/** Leaves only these heads, with every path between them. Throws an Error for a head that the model does not have. */
export function keepHeads(set: PromptSet, heads: readonly HeadIndex[]): Intervention[] {
  checkInstance('keepHeads', { what: 'the set', value: set }, PromptSet);
  checkArgument('keepHeads', 'heads', z.array(headSchema), heads);
  const { config } = set.model;
  for (const head of heads) checkHead(config, head, 'keepHeads');
  return ablateHeads(
    set,
    allHeads(config).filter((name) => !includes(heads, name)),
  );
}

const circuitSchema = z.looseObject({
  heads: z.array(headSchema),
  edges: z.array(z.strictObject({ source: headSchema, target: headSchema, input: z.enum(INPUTS) })),
});

/**
 * Leaves only the circuit: its heads, and between them only its edges. Heads still read tokens and write to the output.
 * Throws an Error for a head that the model does not have, an ArgumentError for an edge that is no path between its heads.
 */
export function keepCircuit(set: PromptSet, circuit: Circuit): Intervention[] {
  checkInstance('keepCircuit', { what: 'the set', value: set }, PromptSet);
  checkArgument('keepCircuit', 'circuit', circuitSchema, circuit);
  const { heads, edges } = circuit;
  for (const edge of edges)
    if (!includes(heads, edge.source) || !includes(heads, edge.target) || edge.source.layer >= edge.target.layer)
      throw new ArgumentError(
        `keepCircuit: ${edgeLabel(edge)} is no path from a head of the circuit to a later one; name the heads in circuit.heads, the earlier one as source.`,
      );
  const kept = new Set(edges.map(edgeLabel));
  const others = allEdges(set.model.config).filter(
    (edge) => includes(heads, edge.source) && includes(heads, edge.target) && !kept.has(edgeLabel(edge)),
  );
  return [...keepHeads(set, heads), ...ablateEdges(others, { set })];
}
