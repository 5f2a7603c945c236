// Faithfulness and completeness (Wang et al. 2022): how much of what heads do a circuit keeps alone, and how much is lost
// without it.
import { allHeads } from '../../model/heads.ts';
import { INPUTS } from '../../model/interventions/interventions.ts';
import { ablateEdges, edgesInto } from '../causal/edges.ts';
import { difference } from '../causal/effects.ts';
import { checkInstance } from '../checks.ts';
import { PromptSet } from '../data/promptSet.ts';
import { type Estimate, estimate, estimateRatio } from '../statistics/estimate.ts';
import { ablateHeads, type Circuit, keepCircuit, keepHeads } from './circuit.ts';
import { type Claim, earlierOf } from './circuitChoice.ts';
import type { Faithfulness, InputEffect } from './evaluationRecord.ts';

/** Measured numbers as shares of the drop: kept of it, or lost. */
export interface Shares {
  kept(measured: Float64Array): Estimate;
  lost(measured: Float64Array): Estimate;
}

/** Shares of the drop from the measure with every head ablated to the clean one, by sequence. */
export function sharesOf(set: PromptSet, withoutHeads: Float64Array): Shares {
  /** How much worse the first is. */
  const costs = (a: Float64Array, b: Float64Array): Float64Array =>
    set.worse === 1 ? difference(a, b) : difference(b, a);
  const drop = costs(withoutHeads, set.clean);
  return {
    kept: (measured) => estimateRatio(costs(withoutHeads, measured), drop),
    lost: (measured) => estimateRatio(costs(measured, set.clean), drop),
  };
}

/**
 * How faithful and how complete any circuit is on a set: shares of what heads do for the measure, everything else
 * mean-ablated over the set. Throws what `keepCircuit` throws.
 */
export function circuitFaithfulness(set: PromptSet, circuit: Circuit): Faithfulness {
  checkInstance('circuitFaithfulness', { what: 'the set', value: set }, PromptSet);
  const heads = allHeads(set.model.config);
  const shares = sharesOf(set, set.measured(ablateHeads(set, heads)));
  return {
    ...measureCircuit(set, { circuit, shares }),
    keptByHeads: shares.kept(set.measured(keepHeads(set, circuit.heads))),
  };
}

/** Faithfulness of a circuit, its heads' own share left out. */
export function measureCircuit(
  set: PromptSet,
  { circuit, shares: { kept, lost } }: { circuit: Circuit; shares: Shares },
): Omit<Faithfulness, 'keptByHeads'> {
  const { heads, edges } = circuit;
  return {
    kept: kept(set.measured(keepCircuit(set, circuit))),
    lost: lost(set.measured(ablateHeads(set, heads))),
    lostEdges: edges.length === 0 ? null : lost(set.measured(ablateEdges(edges, { set }))),
  };
}

/** What each input of the readers carries, in the measure's unit. */
export function inputEffects(set: PromptSet, { readers, claimed }: Claim): InputEffect[] {
  const sources = earlierOf(set.model.config, readers);
  if (sources.length === 0) return [];
  return INPUTS.map((input) => ({
    input,
    increase: estimate(
      difference(set.measured(ablateEdges(edgesInto(readers, { input, sources }), { set })), set.clean),
    ),
    claimed: claimed.includes(input),
  }));
}
