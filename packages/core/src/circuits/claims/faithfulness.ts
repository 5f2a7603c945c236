// Faithfulness: how much of the loss drop a circuit keeps alone, and how much is lost without it.
import { INPUTS } from '../../model/interventions/interventions.ts';
import { ablateEdges, edgesInto } from '../causal/edges.ts';
import { difference } from '../causal/effects.ts';
import type { RepeatSet } from '../data/repeatSet.ts';
import { type Estimate, estimate, estimateRatio } from '../statistics/estimate.ts';
import { ablateHeads, type Circuit, keepCircuit } from './circuit.ts';
import { type Claim, earlierOf } from './circuitChoice.ts';
import type { Faithfulness, InputEffect } from './proofRecord.ts';

/** Losses as shares of the loss drop: kept of it, or lost. */
export interface Shares {
  kept(losses: Float64Array): Estimate;
  lost(losses: Float64Array): Estimate;
}

/** Shares of the drop from the loss without any head to the clean loss, by sequence. */
export function sharesOf(set: RepeatSet, lossesWithoutHeads: Float64Array): Shares {
  const drop = difference(lossesWithoutHeads, set.clean);
  return {
    kept: (losses) => estimateRatio(difference(lossesWithoutHeads, losses), drop),
    lost: (losses) => estimateRatio(difference(losses, set.clean), drop),
  };
}

/** Faithfulness of a circuit, its heads' own share left out. */
export function measureCircuit(
  set: RepeatSet,
  { circuit, shares: { kept, lost } }: { circuit: Circuit; shares: Shares },
): Omit<Faithfulness, 'keptByHeads'> {
  const { heads, edges } = circuit;
  return {
    kept: kept(set.losses(keepCircuit(set, circuit))),
    lost: lost(set.losses(ablateHeads(set, heads))),
    lostEdges: edges.length === 0 ? null : lost(set.losses(ablateEdges(edges))),
  };
}

/** What each input of the readers carries, in nats. */
export function inputEffects(set: RepeatSet, { readers, claimed }: Claim): InputEffect[] {
  const sources = earlierOf(set.model.config, readers);
  if (sources.length === 0) return [];
  return INPUTS.map((input) => ({
    input,
    increase: estimate(difference(set.losses(ablateEdges(edgesInto(readers, { input, sources }))), set.clean)),
    claimed: claimed.includes(input),
  }));
}
