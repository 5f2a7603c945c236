// What each part of a trained circuit is good for, in numbers: what ablating heads, layers and paths costs, what their weights
// compose, how faithful the circuit is. Increases are of the loss on the repeat, in nats.
import {
  type AblationEffect,
  type AblationRecord,
  type AuditRecord,
  ablationEffects,
  attributionAgreement,
  type CircuitEvaluation,
  compositionScores,
  headCircuits,
  type Input,
  type Model,
  pathTable,
  WeightCircuits,
} from '@induction-lab/core/node';
import type { Cell } from './cells.ts';

/** By name; null for what this model does not have. */
export type Causes = Readonly<Record<string, Cell>>;

const INPUTS: readonly Input[] = ['k', 'q', 'v'];

/** What there is where a circuit was found. */
const OF_A_CIRCUIT = [
  ...(['cleanLoss', 'withoutStrongest', 'withoutStrongestMatters', 'strongestByMean', 'strongestFrozen'] as const),
  ...(['strongestFrozenCostsNothing', 'withoutAnotherLeast', 'withoutAnotherMost', 'withoutLaterHeadLeast'] as const),
  ...(['withoutLaterHeadMost', 'withoutLaterLayer', 'withoutInputK', 'withoutInputQ', 'withoutInputV'] as const),
  ...(['excessWithoutK', 'copyingLeast', 'copyingMost', 'builders', 'buildersScoreHighest'] as const),
  ...(['kCompositionLeast', 'kCompositionMost', 'kCompositionOfOthersLeast', 'kCompositionOfOthersMost'] as const),
  ...(['vCompositionLeast', 'vCompositionMost', 'attributionAgreement', 'keptByRandomLeast'] as const),
  ...(['keptByRandomMost', 'lostEdges', 'minimalHeads', 'logitByLaterLayer'] as const),
] as const;
type CircuitCauses = Readonly<Record<(typeof OF_A_CIRCUIT)[number], Cell>>;

const NO_CIRCUIT: Causes = Object.fromEntries(OF_A_CIRCUIT.map((name) => [name, null]));

/** Measures the causes of what an audit found, with the evaluation of its circuit. */
export function measureCauses(
  model: Model,
  { audit, evaluation }: { audit: AuditRecord; evaluation: CircuitEvaluation },
): Causes {
  return {
    ...evidenceOf(audit),
    ...(evaluation.kind === null ? NO_CIRCUIT : circuitCauses(model, { audit, evaluation })),
  };
}

/** What the verdict rests on. */
function evidenceOf({ evidence, scores }: AuditRecord): Causes {
  const { keySources, paths, boundaryAtBest, boundaryElsewhere } = evidence;
  const first = scores.heads.filter(({ layer }) => layer === 0);
  const stripe = largestBy(scores.heads, (head) => head.inductionStripe.value);
  const builder = keySources.length === 0 ? null : largestBy(keySources, ({ increase }) => increase.value);
  return {
    boundaryAtBest,
    boundaryElsewhere,
    stripeWithoutRepeat: stripe.inductionStripeControl.value,
    previousTokenHeads: first.filter(({ previousToken }) => previousToken.value > PREVIOUS_TOKEN).length,
    keyEffect: builder?.increase.value ?? null,
    keyBuilderScoresHighest: builder
      ? builder.label === largestBy(first, (head) => head.previousToken.value).label
      : null,
    ...named(INPUTS, 'withoutPath', (input) => paths.find(({ path }) => path === input)?.increase.value ?? null),
  };
}

/** The previous-token score above which a head is counted as one. */
const PREVIOUS_TOKEN = 0.38;

function circuitCauses(
  model: Model,
  { audit, evaluation }: { audit: AuditRecord; evaluation: CircuitEvaluation },
): CircuitCauses {
  const [zero, average, frozen] = (['zero', 'mean', 'pattern-preserving'] as const).map((kind) =>
    ablationEffects(model, { kind }),
  ) as [AblationRecord, AblationRecord, AblationRecord];
  const paths = pathTable(model);
  const circuits = new WeightCircuits(model.config, model.getWeights());
  const first = zero.heads.filter(({ layer }) => layer === 0);
  const strongest = largestBy(first, increaseOf);
  const same = (record: AblationRecord): number =>
    increaseOf(record.heads.find(({ label }) => label === strongest.label)!);
  const { heads, faithfulness, minimal, random, inputs, logits } = evaluation;
  const builders = heads.filter(({ role }) => role === 'previous-token head').map(({ label }) => label);
  const followers = (label: string): boolean => audit.followers.includes(label);
  const composed = (kind: Input, ofBuilders: boolean): number[] =>
    compositionScores(circuits)
      .scores.filter((score) => score.kind === kind && followers(score.later))
      .filter(({ earlier }) => builders.includes(earlier) === ofBuilders)
      .map(({ corrected }) => corrected);
  return {
    cleanLoss: zero.cleanLoss.value,
    withoutStrongest: increaseOf(strongest),
    withoutStrongestMatters: increaseOf(strongest) >= 1.5,
    strongestByMean: same(average),
    strongestFrozen: same(frozen),
    strongestFrozenCostsNothing: same(frozen) < 0.05,
    ...extremes('withoutAnother', first.filter((head) => head !== strongest).map(increaseOf)),
    ...extremes('withoutLaterHead', zero.heads.filter(({ layer }) => layer === 1).map(increaseOf)),
    withoutLaterLayer: zero.layers[1]?.increase.value ?? null,
    ...named(INPUTS, 'withoutInput', (input) => inputs.find((one) => one.input === input)?.increase.value ?? null),
    excessWithoutK: audit.evidence.paths.find(({ path }) => path === 'k')?.excess ?? null,
    ...extremes(
      'copying',
      headCircuits(circuits)
        .filter(({ label }) => followers(label))
        .map(({ copying }) => copying),
    ),
    builders: builders.length,
    buildersScoreHighest: builders.includes(
      largestBy(
        audit.scores.heads.filter(({ layer }) => layer === 0),
        ({ previousToken }) => previousToken.value,
      ).label,
    ),
    ...extremes('kComposition', composed('k', true)),
    ...extremes('kCompositionOfOthers', composed('k', false)),
    ...extremes('vComposition', composed('v', true)),
    attributionAgreement: attributionAgreement(paths),
    ...extremes(
      'keptByRandom',
      random.map(({ kept }) => kept),
    ),
    lostEdges: faithfulness?.lostEdges?.value ?? null,
    minimalHeads: minimal?.heads.length ?? null,
    logitByLaterLayer: logits.layerShares?.[1] ?? null,
  };
}

const increaseOf = ({ increase }: Pick<AblationEffect, 'increase'>): number => increase.value;

const largestBy = <T>(all: readonly T[], of: (one: T) => number): T => all.reduce((a, b) => (of(b) > of(a) ? b : a));

const named = <Name extends string>(
  inputs: readonly Input[],
  name: Name,
  of: (input: Input) => number | null,
): Record<`${Name}${Uppercase<Input>}`, Cell> =>
  Object.fromEntries(inputs.map((input) => [`${name}${input.toUpperCase()}`, of(input)])) as never;

/** The least and the most of some numbers, as two. */
const extremes = <Name extends string>(
  name: Name,
  values: readonly number[],
): Record<`${Name}Least` | `${Name}Most`, Cell> =>
  ({
    [`${name}Least`]: values.length === 0 ? null : Math.min(...values),
    [`${name}Most`]: values.length === 0 ? null : Math.max(...values),
  }) as never;
