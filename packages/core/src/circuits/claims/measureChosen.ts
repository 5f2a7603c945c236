// Everything that is measured of a chosen circuit, on sequences which nothing was chosen on.
import type { ModelConfig } from '../../model/config.ts';
import { allHeads, type HeadIndex, labelOf, sameHead } from '../../model/heads.ts';
import { INPUTS } from '../../model/interventions/interventions.ts';
import { LOGIT_RUNS, logitAttribution } from '../causal/logitAttribution.ts';
import { measuredBy } from '../data/measuredBy.ts';
import type { PromptSet } from '../data/promptSet.ts';
import { estimate } from '../statistics/estimate.ts';
import { ablateHeads, type Circuit, keepHeads } from './circuit.ts';
import type { Claim } from './circuitChoice.ts';
import { describeHeads, type ShownScores } from './circuitHeads.ts';
import type { CircuitEvaluation } from './evaluationRecord.ts';
import { inputEffects, measureCircuit, sharesOf } from './faithfulness.ts';
import type { KeyScrubbing } from './keyScrubbing.ts';
import { RANDOM_CIRCUITS, randomCircuits } from './randomCircuits.ts';
import { specificityOf } from './specificity.ts';
import type { Verdict } from './verdict.ts';

/** What was chosen, and what stands beside it in the record. */
export interface Chosen {
  readonly verdict: Verdict | null;
  /** All minimal sets, and the first of them. */
  readonly sets: readonly (readonly HeadIndex[])[];
  readonly minimal: readonly HeadIndex[] | null;
  readonly claim: Claim | null;
  readonly scoresOf: (label: string) => ShownScores;
  /** Of the random circuits. */
  readonly seed: number;
  /** Resamples what the previous-token heads read; null where there is no repeat whose loss is measured. */
  readonly scrub: ((builders: readonly HeadIndex[]) => KeyScrubbing) | null;
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

/** Whether two circuits have the same heads, whatever their edges. */
const sameHeads = (a: Circuit, b: Circuit): boolean =>
  a.heads.map(labelOf).sort().join() === b.heads.map(labelOf).sort().join();

/** Earlier heads that stand in a minimal set and not in the claimed circuit: they can take the place of one that does. */
function standIns({ circuit, readers }: Claim, sets: Chosen['sets']): HeadIndex[] {
  const last = Math.max(...readers.map(({ layer }) => layer));
  const others = sets.flat().filter((head) => head.layer < last && !circuit.heads.some((own) => sameHead(own, head)));
  return others.filter((head, i) => others.findIndex((other) => sameHead(other, head)) === i);
}

export function measureChosen(
  set: PromptSet,
  { verdict, sets, minimal, claim, scoresOf, seed, scrub }: Chosen,
): Omit<CircuitEvaluation, 'sentence' | 'periods' | 'selected' | 'measured'> {
  const { config } = set.model;
  const none = set.measured(ablateHeads(set, allHeads(config)));
  const shares = sharesOf(set, none);
  const faithfulness = claim && {
    ...measureCircuit(set, { circuit: claim.circuit, shares }),
    keptByHeads: shares.kept(set.measured(keepHeads(set, claim.circuit.heads))),
  };
  const drawn = (claim ? randomCircuits(config, claim.circuit, seed) : []).map((circuit) => ({
    circuit,
    ...measureCircuit(set, { circuit, shares }),
  }));
  const random = drawn.map(({ kept, lost, lostEdges }) => ({
    kept: kept.value,
    lost: lost.value,
    lostEdges: lostEdges?.value ?? null,
  }));
  const heads = claim ? describeHeads(set, { claim, scoresOf }) : [];
  const builders = (claim?.circuit.heads ?? []).filter((name) =>
    heads.some(({ label, role }) => label === labelOf(name) && role === 'previous-token head'),
  );
  // What others can take over says nothing unless they are resampled, too.
  const read = builders.length === 0 || !claim ? [] : [...builders, ...standIns(claim, sets)];
  return {
    verdict,
    kind: claim?.kind ?? null,
    heads,
    edges: (claim?.circuit.edges ?? []).map(({ source, target, input }) => ({
      source: labelOf(source),
      target: labelOf(target),
      input,
    })),
    inputs: claim ? inputEffects(set, claim) : [],
    faithfulness,
    random,
    minimal: minimal && {
      heads: minimal.map(labelOf),
      kept: shares.kept(set.measured(keepHeads(set, minimal))),
    },
    minimalSets: sets.map((members) => members.map(labelOf)),
    specificity:
      faithfulness &&
      specificityOf(faithfulness, {
        kept: random.map(({ kept }) => kept),
        lost: drawn.filter(({ circuit }) => !sameHeads(circuit, claim.circuit)).map(({ lost }) => lost.value),
      }),
    keyScrubbing: scrub === null || read.length === 0 ? null : scrub(read),
    loss: estimate(set.clean),
    lossWithoutHeads: estimate(none),
    logits: logitAttribution(set),
    ...measuredBy(set),
  };
}
