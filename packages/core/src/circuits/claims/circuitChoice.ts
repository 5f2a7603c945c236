// Which heads and edges a circuit is claimed to consist of, chosen by what their ablation costs.

import type { ModelConfig } from '../../model/config.ts';
import { allHeads, earlierHeads, type HeadIndex, labelOf, sameHead } from '../../model/heads.ts';
import { INPUTS, type Input, type Intervention } from '../../model/interventions/interventions.ts';
import { ablateEdges, edgesInto, type HeadEdge } from '../causal/edges.ts';
import type { PromptSet } from '../data/promptSet.ts';
import { mean } from '../statistics/estimate.ts';
import type { AuditRecord } from './auditRecord.ts';
import { ablateHeads, type Circuit } from './circuit.ts';
import { eliminate } from './elimination.ts';
import type { CircuitKind } from './evaluationRecord.ts';

/** An input belongs to the circuit when ablating its edges costs more than this share of the drop that heads make. */
const CLAIMED = 0.1;
/** Sources are spared as long as this share of an input's effect is not lost with them. */
const SPARED = 0.1;
/** A pair hub loses more than this share of the drop without the earlier layers in its values. */
const HUB = 0.5;

/** What is claimed: a circuit of a kind, the heads that read, and the inputs of theirs that matter. */
export interface Claim {
  readonly kind: CircuitKind;
  readonly circuit: Circuit<HeadEdge>;
  readonly readers: readonly HeadIndex[];
  readonly claimed: readonly Input[];
}

/** Mean of the measure under interventions, turned so that more is worse. */
export const costOf = (set: PromptSet, interventions: readonly Intervention[]): number =>
  set.worse * mean(set.measured(interventions));
/** The measure as it is, turned the same way. */
export const cleanCost = (set: PromptSet): number => set.worse * mean(set.clean);

/**
 * On repeats readers are the heads whose attention follows the period, or, where none does, the later heads of the minimal
 * set. Each input of theirs that matters is traced to the earlier heads that cannot be spared together.
 */
export function chooseCircuit(
  set: PromptSet,
  { record, minimal }: { record: AuditRecord; minimal: readonly HeadIndex[] },
): Claim | null {
  const { config } = set.model;
  const followers = allHeads(config).filter((name) => record.followers.includes(labelOf(name)));
  const readers = followers.length > 0 ? followers : minimal.filter(({ layer }) => layer > 0 || config.nLayers === 1);
  if (readers.length === 0) return null;
  const { circuit, claimed, shareOfValues } = traceCircuit(set, readers);
  const follows = followers.length > 0 && (claimed.includes('k') || config.nLayers === 1);
  return {
    kind: shareOfValues > HUB ? 'pair hub' : follows ? 'induction' : 'other',
    circuit,
    readers,
    claimed,
  };
}

/** On given prompts: the heads of the minimal set, and those that their inputs are traced to. Readers are not only sources. */
export function chooseOnPrompts(set: PromptSet, minimal: readonly HeadIndex[]): Claim {
  const { circuit, claimed } = traceCircuit(set, minimal);
  const isSource = (name: HeadIndex): boolean => circuit.edges.some(({ source }) => sameHead(source, name));
  const reads = (name: HeadIndex): boolean => circuit.edges.some(({ target }) => sameHead(target, name));
  return { kind: 'other', circuit, readers: minimal.filter((name) => reads(name) || !isSource(name)), claimed };
}

/** The readers with the heads that build what they read, and which of their inputs matter. */
interface TracedCircuit extends Pick<Claim, 'circuit' | 'claimed'> {
  /** What the edges into the readers' values cost, as a share of the drop. */
  readonly shareOfValues: number;
}

function traceCircuit(set: PromptSet, readers: readonly HeadIndex[]): TracedCircuit {
  const { config } = set.model;
  const drop = costOf(set, ablateHeads(set, allHeads(config))) - cleanCost(set);
  const traced = INPUTS.map((input) => traceInput(set, { readers, input, drop }));
  const edges = traced.flatMap((found) => found.edges);
  const heads = allHeads(config).filter(
    (name) => readers.some((reader) => sameHead(reader, name)) || edges.some(({ source }) => sameHead(source, name)),
  );
  return {
    circuit: { heads, edges },
    claimed: INPUTS.filter((_, i) => traced[i]!.claimed),
    shareOfValues: traced[INPUTS.indexOf('v')]!.share,
  };
}

/** What one input of the readers carries: its share of the drop and, where that matters, the edges it comes by. */
interface TracedInput {
  readonly share: number;
  readonly claimed: boolean;
  readonly edges: readonly HeadEdge[];
}

function traceInput(
  set: PromptSet,
  { readers, input, drop }: { readers: readonly HeadIndex[]; input: Input; drop: number },
): TracedInput {
  const earlier = earlierOf(set.model.config, readers);
  const clean = cleanCost(set);
  const costWithout = (gone: readonly HeadIndex[]): number =>
    costOf(set, ablateEdges(edgesInto(readers, { input, sources: gone }), { set }));
  const cost = costWithout(earlier) - clean;
  const share = cost / drop;
  if (cost <= CLAIMED * drop) return { share, claimed: false, edges: [] };
  const sources = eliminate(earlier, clean + SPARED * cost, costWithout);
  return { share, claimed: true, edges: edgesInto(readers, { input, sources }) };
}

/** Heads before the last of the readers. */
export const earlierOf = (config: ModelConfig, readers: readonly HeadIndex[]): HeadIndex[] =>
  earlierHeads(config, Math.max(...readers.map(({ layer }) => layer)));
