// Which heads and edges a circuit is claimed to consist of, chosen by what their ablation costs.

import type { ModelConfig } from '../../model/config.ts';
import { allHeads, earlierHeads, type HeadIndex, labelOf, sameHead } from '../../model/heads.ts';
import { INPUTS, type Input } from '../../model/interventions/interventions.ts';
import { ablateEdges, type Edge, edgesInto } from '../causal/edges.ts';
import type { RepeatSet } from '../data/repeatSet.ts';
import { mean } from '../statistics/estimate.ts';
import type { AuditRecord } from './auditRecord.ts';
import { ablateHeads, type Circuit } from './circuit.ts';
import { eliminate } from './elimination.ts';
import type { CircuitKind } from './proofRecord.ts';

/** An input belongs to the circuit when ablating its edges costs more than this share of the loss drop. */
const CLAIMED = 0.1;
/** Sources are spared as long as this share of an input's effect is not lost with them. */
const SPARED = 0.1;
/** A pair hub loses more than this share of the loss drop without the earlier layers in its values. */
const HUB = 0.5;

/** What is claimed: a circuit of a kind, the heads that read, and the inputs of theirs that matter. */
export interface Claim {
  readonly kind: CircuitKind;
  readonly circuit: Circuit;
  readonly readers: readonly HeadIndex[];
  readonly claimed: readonly Input[];
}

/**
 * Readers are the heads whose attention follows the period, or, where none does, the later heads of the minimal set.
 * Each input of theirs that matters is traced to the earlier heads that cannot be spared together.
 */
export function chooseCircuit(
  set: RepeatSet,
  { record, minimal }: { record: AuditRecord; minimal: readonly HeadIndex[] },
): Claim | null {
  const { config } = set.model;
  const followers = allHeads(config).filter((name) => record.followers.includes(labelOf(name)));
  const readers = followers.length > 0 ? followers : minimal.filter(({ layer }) => layer > 0 || config.nLayers === 1);
  if (readers.length === 0) return null;
  const drop = mean(set.losses(ablateHeads(set, allHeads(config)))) - mean(set.clean);
  const traced = INPUTS.map((input) => traceInput(set, { readers, input, drop }));
  const claimed = INPUTS.filter((_, i) => traced[i]!.claimed);
  const edges = traced.flatMap((found) => found.edges);
  const readsValues = traced[INPUTS.indexOf('v')]!.share > HUB;
  const follows = followers.length > 0 && (claimed.includes('k') || config.nLayers === 1);
  const heads = allHeads(config).filter(
    (name) => readers.some((reader) => sameHead(reader, name)) || edges.some(({ source }) => sameHead(source, name)),
  );
  return {
    kind: readsValues ? 'pair hub' : follows ? 'induction' : 'other',
    circuit: { heads, edges },
    readers,
    claimed,
  };
}

/** What one input of the readers carries: its share of the loss drop and, where that matters, the edges it comes by. */
interface TracedInput {
  readonly share: number;
  readonly claimed: boolean;
  readonly edges: readonly Edge[];
}

function traceInput(
  set: RepeatSet,
  { readers, input, drop }: { readers: readonly HeadIndex[]; input: Input; drop: number },
): TracedInput {
  const earlier = earlierOf(set.model.config, readers);
  const clean = mean(set.clean);
  const lossWithout = (gone: readonly HeadIndex[]): number =>
    mean(set.losses(ablateEdges(edgesInto(readers, { input, sources: gone }))));
  const cost = lossWithout(earlier) - clean;
  const share = cost / drop;
  if (cost <= CLAIMED * drop) return { share, claimed: false, edges: [] };
  const sources = eliminate(earlier, clean + SPARED * cost, lossWithout);
  return { share, claimed: true, edges: edgesInto(readers, { input, sources }) };
}

/** Heads before the last of the readers. */
export const earlierOf = (config: ModelConfig, readers: readonly HeadIndex[]): HeadIndex[] =>
  earlierHeads(config, Math.max(...readers.map(({ layer }) => layer)));
