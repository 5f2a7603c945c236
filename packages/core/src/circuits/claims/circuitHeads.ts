// The heads of a claimed circuit: what each was chosen for, its scores, and what the loss is without it.
import { allHeads, type HeadIndex, labelOf, sameHead } from '../../model/heads.ts';
import type { HeadScoresRecord } from '../attention/headScoresRecord.ts';
import { difference, effectsWithControls } from '../causal/effects.ts';
import type { RepeatSet } from '../data/repeatSet.ts';
import type { Claim } from './circuitChoice.ts';
import type { CircuitHead } from './proofRecord.ts';

export function describeHeads(
  set: RepeatSet,
  { claim, scores }: { claim: Claim; scores: HeadScoresRecord },
): CircuitHead[] {
  const heads = allHeads(set.model.config);
  const effects = effectsWithControls(
    heads,
    heads.map((name) => difference(set.losses([set.meanAblate(name)]), set.clean)),
  );
  return claim.circuit.heads.map((name): CircuitHead => {
    const label = labelOf(name);
    const { previousToken, inductionExcess } = scores.heads.find((h) => h.label === label)!;
    const { increase, control } = effects[heads.findIndex((head) => sameHead(head, name))]!;
    return {
      label,
      role: roleOf(name, claim),
      previousToken: previousToken.value,
      inductionExcess: inductionExcess.value,
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
