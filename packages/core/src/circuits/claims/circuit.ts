// A circuit as a claim: some heads, and which of the paths between them carry something. And the interventions that put
// the claim to the test, on a set of sequences whose means stand in for what is taken away.
import * as z from 'zod/mini';
import { ArgumentError, checkArgument } from '../../errors/arguments.ts';
import { headLabel, type ModelConfig } from '../../model/config.ts';
import {
  allHeads,
  checkHead,
  earlierHeads,
  type HeadIndex,
  INPUTS,
  type Input,
  type Intervention,
} from '../../model/interventions/interventions.ts';
import { checkInstance, headSchema } from '../checks.ts';
import { RepeatSet } from '../data/repeatSet.ts';

/** A path from a head to one input of a later head. */
export interface Edge {
  readonly source: HeadIndex;
  readonly target: HeadIndex;
  readonly input: Input;
}

export interface Circuit {
  readonly heads: readonly HeadIndex[];
  readonly edges: readonly Edge[];
}

export const labelOf = ({ layer, head }: HeadIndex): string => headLabel(layer, head);
export const sameHead = (a: HeadIndex, b: HeadIndex): boolean => a.layer === b.layer && a.head === b.head;
export const edgeLabel = ({ source, target, input }: Edge): string =>
  `${labelOf(source)} → ${labelOf(target)} ${input.toUpperCase()}`;

const includes = (heads: readonly HeadIndex[], name: HeadIndex): boolean => heads.some((h) => sameHead(h, name));

/** Every path between heads of these layers: [source, target, input]. */
export const allEdges = (config: ModelConfig): Edge[] =>
  allHeads(config).flatMap((target) =>
    earlierHeads(config, target.layer).flatMap((source) => INPUTS.map((input) => ({ source, target, input }))),
  );

/** Mean-ablates these heads. Throws an Error for a head that the model does not have. */
export function ablateHeads(set: RepeatSet, heads: readonly HeadIndex[]): Intervention[] {
  checkInstance('ablateHeads', { what: 'the set', value: set }, RepeatSet);
  checkArgument('ablateHeads', 'heads', z.array(headSchema), heads);
  return heads.map((name) => set.meanAblate(name));
}

const edgesSchema = z.array(z.strictObject({ source: headSchema, target: headSchema, input: z.enum(INPUTS) }));

/** Takes the edges' sources out of their targets' inputs, leaving the mean; each target input in one go. */
export function cutEdges(edges: readonly Edge[]): Intervention[] {
  checkArgument('cutEdges', 'edges', edgesSchema, edges);
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

/** Leaves only these heads, with every path between them. Throws an Error for a head that the model does not have. */
export function keepHeads(set: RepeatSet, heads: readonly HeadIndex[]): Intervention[] {
  checkInstance('keepHeads', { what: 'the set', value: set }, RepeatSet);
  checkArgument('keepHeads', 'heads', z.array(headSchema), heads);
  const { config } = set.model;
  for (const head of heads) checkHead(config, head, 'keepHeads');
  return ablateHeads(
    set,
    allHeads(config).filter((name) => !includes(heads, name)),
  );
}

const circuitSchema = z.looseObject({ heads: z.array(headSchema), edges: edgesSchema });

/**
 * Leaves only the circuit: its heads, and between them only its edges. Heads still read tokens and write to the output.
 * Throws an Error for a head that the model does not have, an ArgumentError for an edge that is no path between its heads.
 */
export function keepCircuit(set: RepeatSet, circuit: Circuit): Intervention[] {
  checkInstance('keepCircuit', { what: 'the set', value: set }, RepeatSet);
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
  return [...keepHeads(set, heads), ...cutEdges(others)];
}

/** Sets are eliminated in passes until one changes nothing. */
const PASSES = 5;

/**
 * What is left of a set when everything that can be spared together is taken out: members go one by one, the least
 * harmful first, as long as the loss without all of those gone stays at most `limit`. Redundant members, each harmless
 * alone, are so kept in part. `lossWithout(gone)` is the mean loss without some members.
 */
export function eliminate<T>(members: readonly T[], limit: number, lossWithout: (gone: readonly T[]) => number): T[] {
  const cost = new Map(members.map((member) => [member, lossWithout([member])]));
  let left = [...members].sort((a, b) => cost.get(a)! - cost.get(b)!);
  const gone: T[] = [];
  for (let pass = 0; pass < PASSES; pass++) {
    const before = left.length;
    for (const member of [...left])
      if (lossWithout([...gone, member]) <= limit) {
        gone.push(member);
        left = left.filter((m) => m !== member);
      }
    if (left.length === before) break;
  }
  return members.filter((member) => left.includes(member));
}
