// Everything that is measured of a chosen circuit, on sequences which nothing was chosen on.
import type { ModelConfig } from '../../model/config.ts';
import { allHeads, type HeadIndex, labelOf } from '../../model/heads.ts';
import { INPUTS } from '../../model/interventions/interventions.ts';
import { LOGIT_RUNS, logitAttribution } from '../causal/logitAttribution.ts';
import { measuredBy } from '../data/measuredBy.ts';
import type { PromptSet } from '../data/promptSet.ts';
import { estimate } from '../statistics/estimate.ts';
import { ablateHeads, keepHeads } from './circuit.ts';
import type { Claim } from './circuitChoice.ts';
import { describeHeads, type ShownScores } from './circuitHeads.ts';
import type { CircuitEvaluation } from './evaluationRecord.ts';
import { inputEffects, measureCircuit, sharesOf } from './faithfulness.ts';
import { RANDOM_CIRCUITS, randomCircuits } from './randomCircuits.ts';
import type { Verdict } from './verdict.ts';

/** What was chosen, and what stands beside it in the record. */
export interface Chosen {
  readonly verdict: Verdict | null;
  readonly minimal: readonly HeadIndex[] | null;
  readonly claim: Claim | null;
  readonly scoresOf: (label: string) => ShownScores;
  /** Of the random circuits. */
  readonly seed: number;
}

/** Runs over the selection that choosing takes, about: elimination tries every member once alone and about twice in turn. */
export function choosingRuns({ nLayers, nHeads }: ModelConfig): number {
  const heads = nLayers * nHeads;
  // Of all heads and of one input's sources.
  return 2 + 3 * heads + (nLayers > 1 ? 3 + 3 * (heads - nHeads) : 0);
}

/** Runs over the measured set, about. */
export const measuringRuns = ({ nLayers, nHeads }: ModelConfig): number =>
  2 + nLayers * nHeads + INPUTS.length + 2 + 3 * (RANDOM_CIRCUITS / 2 + 1) + LOGIT_RUNS;

export function measureChosen(
  set: PromptSet,
  { verdict, minimal, claim, scoresOf, seed }: Chosen,
): Omit<CircuitEvaluation, 'sentence' | 'periods' | 'selected' | 'measured'> {
  const { config } = set.model;
  const none = set.measured(ablateHeads(set, allHeads(config)));
  const shares = sharesOf(set, none);
  return {
    verdict,
    kind: claim?.kind ?? null,
    heads: claim ? describeHeads(set, { claim, scoresOf }) : [],
    edges: (claim?.circuit.edges ?? []).map(({ source, target, input }) => ({
      source: labelOf(source),
      target: labelOf(target),
      input,
    })),
    inputs: claim ? inputEffects(set, claim) : [],
    faithfulness: claim && {
      ...measureCircuit(set, { circuit: claim.circuit, shares }),
      keptByHeads: shares.kept(set.measured(keepHeads(set, claim.circuit.heads))),
    },
    random: claim
      ? randomCircuits(config, claim.circuit, seed).map((circuit) => {
          const { kept, lost, lostEdges } = measureCircuit(set, { circuit, shares });
          return { kept: kept.value, lost: lost.value, lostEdges: lostEdges?.value ?? null };
        })
      : [],
    minimal: minimal && {
      heads: minimal.map(labelOf),
      kept: shares.kept(set.measured(keepHeads(set, minimal))),
    },
    loss: estimate(set.clean),
    lossWithoutHeads: estimate(none),
    logits: logitAttribution(set),
    ...measuredBy(set),
  };
}
