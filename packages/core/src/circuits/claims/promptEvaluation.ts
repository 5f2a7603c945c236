// A circuit chosen and evaluated on given prompts: on one half of them and the other, or on two sets.
import { allHeads, type HeadIndex } from '../../model/heads.ts';
import type { MeasureName } from '../../model/measures/builtInMeasures.ts';
import type { Measure } from '../../model/measures/measure.ts';
import { asPartOf, type Whole } from '../../model/measures/measureError.ts';
import type { Model } from '../../model/model.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { shuffled } from '../../random/shuffled.ts';
import { ANALYSIS_STREAMS, STREAMS } from '../../random/streams.ts';
import { scoresOn } from '../attention/promptScores.ts';
import { difference } from '../causal/effects.ts';
import { checkPrompts } from '../data/promptChecks.ts';
import { PromptSet } from '../data/promptSet.ts';
import { type Prompts, PromptsError } from '../data/prompts.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { estimate, holdsZero } from '../statistics/estimate.ts';
import { ablateHeads } from './circuit.ts';
import { chooseOnPrompts } from './circuitChoice.ts';
import type { CircuitEvaluation } from './evaluationRecord.ts';
import { explainOnPrompts } from './evaluationText.ts';
import { type Chosen, choosingRuns, measureChosen, measuringRuns } from './measureChosen.ts';
import { minimalSets } from './minimalSets.ts';

/** Two to choose on and two to evaluate on: of one sequence there is no interval. */
const LEAST = 4;

interface PromptEvaluation {
  readonly prompts: Prompts;
  readonly evaluateOn: Prompts | undefined;
  readonly measure: MeasureName | Measure;
  readonly seed: number;
  readonly onProgress: OnProgress | undefined;
}

/** Throws an Error that names sequence and query where a prompt cannot be meant, or for fewer than four prompts. */
export function evaluateOnPrompts(
  caller: string,
  model: Model,
  { prompts, evaluateOn, measure, seed, onProgress }: PromptEvaluation,
): CircuitEvaluation {
  const { config } = model;
  // By their numbers in what was given, before halves have numbers of their own.
  checkPrompts(config, prompts, { measure, caller });
  if (evaluateOn !== undefined) checkPrompts(config, evaluateOn, { measure, caller: `${caller}, evaluateOn` });
  else if (prompts.length < LEAST)
    throw new PromptsError(
      `${caller}: ${prompts.length} prompts leave fewer than two to choose the circuit on and two to evaluate it on; give ${LEAST} or more.`,
    );
  const [chooseOn, measureOn]: readonly [Part, Part] =
    evaluateOn === undefined
      ? halves(caller, prompts, seed)
      : [
          { prompts, whole: { caller } },
          { prompts: evaluateOn, whole: { caller: `${caller}, evaluateOn` } },
        ];
  const setOf = ({ prompts, whole }: Part): PromptSet =>
    asPartOf(whole, () => new PromptSet(model, { prompts, measure }, caller));
  const [selection, set] = [setOf(chooseOn), setOf(measureOn)];
  const work = choosingRuns(config) * selection.size + (1 + measuringRuns(config)) * set.size;
  const progress = new Progress(onProgress, work);
  const chosen = asPartOf(chooseOn.whole, () => selection.reporting(progress, () => choose(selection)));
  const measureSet = (): ReturnType<typeof measureChosen> => {
    const scores = new Map(scoresOn(set).heads.map((head) => [head.label, head.previousToken.value]));
    const scoresOf: Chosen['scoresOf'] = (label) => ({
      previousToken: scores.get(label)!,
      inductionExcess: Number.NaN,
    });
    return measureChosen(set, { verdict: null, ...chosen, scoresOf, seed, scrub: null });
  };
  const found = asPartOf(measureOn.whole, () => set.reporting(progress, measureSet));
  const evaluation = {
    ...found,
    periods: [],
    selected: { sequences: selection.sequences, seed },
    measured: { sequences: set.sequences, seed },
  };
  progress.finish();
  return { ...evaluation, sentence: explainOnPrompts(evaluation) };
}

/** The minimal set and the circuit; none where heads make no sure difference for the better. */
function choose(set: PromptSet): Pick<Chosen, 'sets' | 'minimal' | 'claim'> {
  const without = set.measured(ablateHeads(set, allHeads(set.model.config)));
  const drop = estimate(difference(without, set.clean).map((x) => set.worse * x));
  if (!(drop.value > 0) || holdsZero(drop)) return { sets: [], minimal: null, claim: null };
  const sets = minimalSets(set);
  const minimal = sets[0] as HeadIndex[];
  return { sets, minimal, claim: minimal.length === 0 ? null : chooseOnPrompts(set, minimal) };
}

/** Prompts that are worked on, and what their numbers are where they were given. */
interface Part {
  readonly prompts: Prompts;
  readonly whole: Whole;
}

/** The prompts, shuffled by a seed, in two halves that keep their order. */
function halves(caller: string, prompts: Prompts, seed: number): [Part, Part] {
  const order = shuffled(prompts.length, new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.halves));
  const first = new Set(order.slice(0, Math.ceil(order.length / 2)));
  const part = (inFirst: boolean): Part => {
    const numbers = [...prompts.keys()].filter((i) => first.has(i) === inFirst);
    return { prompts: numbers.map((i) => prompts[i]!), whole: { caller, numbers } };
  };
  return [part(true), part(false)];
}
