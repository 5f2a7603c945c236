// The heads of a claimed circuit: what each was chosen for, its scores, and what the measure is without it.
import { allHeads, type HeadIndex, labelOf, sameHead } from '../../model/heads.ts';
import { difference, effectsWithControls } from '../causal/effects.ts';
import type { PromptSet } from '../data/promptSet.ts';
import type { Claim } from './circuitChoice.ts';
import type { CircuitHead } from './evaluationRecord.ts';

/** The two scores that stand beside a head of the circuit. */
export type ShownScores = Pick<CircuitHead, 'previousToken' | 'inductionExcess'>;

export function describeHeads(
  set: PromptSet,
  { claim, scoresOf }: { claim: Claim; scoresOf: (label: string) => ShownScores },
): CircuitHead[] {
  const heads = allHeads(set.model.config);
  const effects = effectsWithControls(
    heads,
    heads.map((name) => difference(set.measured([set.meanAblate(name)]), set.clean)),
  );
  return claim.circuit.heads.map((name): CircuitHead => {
    const label = labelOf(name);
    const { increase, control } = effects[heads.findIndex((head) => sameHead(head, name))]!;
    return {
      label,
      role: roleOf(name, claim),
      ...scoresOf(label),
      ablation: increase,
      control,
    };
  });
}

function roleOf(name: HeadIndex, { kind, circuit, readers }: Claim): CircuitHead['role'] {
  const reads = readers.some((reader) => sameHead(reader, name));
  if (kind === 'pair hub') return reads ? 'hub reader' : 'hub writer';
  if (kind === 'other') return reads ? 'reader' : 'source';
  if (reads) return 'induction head';
  const builds = circuit.edges.some(({ source, input }) => input === 'k' && sameHead(source, name));
  return builds ? 'previous-token head' : 'source';
}
