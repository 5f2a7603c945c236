// A circuit as a claim, and its evaluation: heads and edges are chosen on some sequences and measured on others, alone,
// taken away, and against random circuits of the same shape.

import * as z from 'zod/mini';
import { ArgumentError } from '../../errors/arguments.ts';
import type { MeasureName } from '../../model/measures/builtInMeasures.ts';
import type { Measure } from '../../model/measures/measure.ts';
import type { Model } from '../../model/model.ts';
import { effectPeriods } from '../causal/effectPeriods.ts';
import { checkSources, promptFields } from '../causal/onSet.ts';
import { checkModel, checkOptions, commonFields, instanceSchema } from '../checks.ts';
import { scannedPeriods } from '../data/periods.ts';
import type { Prompts } from '../data/prompts.ts';
import { RepeatSet, setSize } from '../data/repeatSet.ts';
import { asAnalysed } from '../lengths.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { asAudited, auditFor } from './audit.ts';
import { checkAuditing, drawnFields } from './auditChecks.ts';
import { type AuditRecord, auditSchema, checkAudited } from './auditRecord.ts';
import { auditSize } from './auditSize.ts';
import { chooseCircuit } from './circuitChoice.ts';
import type { CircuitEvaluation } from './evaluationRecord.ts';
import { explainEvaluation } from './evaluationText.ts';
import { scrubKeys } from './keyScrubbing.ts';
import { choosingRuns, measureChosen, measuringRuns } from './measureChosen.ts';
import { minimalSets } from './minimalSets.ts';
import { evaluateOnPrompts } from './promptEvaluation.ts';
import { evaluatedSequences, sampleOf } from './sample.ts';

/** What a circuit is evaluated on, and how much. */
export interface EvaluationOptions {
  /** Repeats to measure on, 96 by default; half as many others to choose on. */
  readonly sequences?: number;
  /** Of the repeats that are drawn, or of how given prompts are divided; 0 by default. */
  readonly seed?: number;
  /**
   * An audit of this model, which otherwise is made: it says which heads follow the period, what sequences begin with and
   * which tokens are not drawn. Of repeats alone.
   */
  readonly audit?: AuditRecord;
  /** Tokens in front of what the audit, and so everything, draws: as `audit` has them. Of repeats alone, and not beside `audit`. */
  readonly prefix?: readonly number[];
  /** Tokens that no sequence may hold. */
  readonly excludeTokens?: readonly number[];
  /** Instead of repeats: the circuit is chosen on one half of these prompts and evaluated on the other. */
  readonly prompts?: Prompts;
  /** Prompts to evaluate on; the circuit is then chosen on all of `prompts`. */
  readonly evaluateOn?: Prompts;
  /** What is measured: the loss by default. */
  readonly measure?: MeasureName | Measure;
  readonly onProgress?: OnProgress;
}

const optionsSchema = z.strictObject({
  ...commonFields,
  ...promptFields,
  ...drawnFields,
  evaluateOn: z.optional(instanceSchema),
  audit: z.optional(auditSchema),
});

/**
 * Names the circuit that a model does a task with and evaluates it: how faithful it is (what it keeps alone) and how
 * complete (what is lost without it; Wang et al. 2022). The task is copying, on repeats, or that of given prompts. Heads are
 * named by what their ablation does, not by their patterns. Throws an ArgumentError for options that it does not have, or an
 * audit of another model; an Error for prompts that cannot be meant or are fewer than four; a TooSmallError when context or
 * vocabulary are too small to tell; a NotFiniteError when outputs are not finite.
 * @example
 * ```ts
 * import { evaluateCircuit, handBuiltInduction, loadEngine } from '@induction-lab/core/node';
 *
 * const model = handBuiltInduction(await loadEngine(), { dVocab: 31, nCtx: 24 });
 * const { heads, sentence } = evaluateCircuit(model, { sequences: 8 });
 * for (const { label, role } of heads) console.log(label, role); // L0H0, L1H0
 * console.log(sentence);
 * ```
 */
export const evaluateCircuit = (model: Model, options: EvaluationOptions = {}): CircuitEvaluation =>
  evaluateAs('evaluateCircuit', model, options);

/** The same for another caller, whose name the messages have. */
export function evaluateAs(caller: string, model: Model, options: EvaluationOptions): CircuitEvaluation {
  checkModel(caller, model);
  checkOptions(caller, optionsSchema, options);
  const { seed = 0, evaluateOn, prefix, excludeTokens, ...sources } = options;
  checkSources(caller, sources);
  const drawn = { ...(prefix ? { prefix } : {}), ...(excludeTokens ? { excludeTokens } : {}) };
  const [field] = Object.keys(drawn);
  const other = sources.prompts ? 'prompts' : 'audit';
  if (field !== undefined && sources[other] !== undefined)
    throw new ArgumentError(
      `${caller}: options.${field} says nothing beside options.${other}, which has its own; leave one of them out.`,
    );
  const { prompts, measure = 'loss', ...repeats } = sources;
  if (prompts === undefined && evaluateOn !== undefined)
    throw new ArgumentError(`${caller}: options.evaluateOn needs options.prompts to choose the circuit on; give both.`);
  if (prompts === undefined) return evaluateOnRepeats(caller, model, { ...repeats, ...drawn, measure, seed });
  if (repeats.audit)
    throw new ArgumentError(
      `${caller}: options.audit is about repeats and says nothing beside options.prompts; leave one of them out.`,
    );
  return evaluateOnPrompts(caller, model, { prompts, evaluateOn, measure, seed, onProgress: options.onProgress });
}

function evaluateOnRepeats(
  caller: string,
  given: Model,
  options: Omit<EvaluationOptions, 'prompts' | 'evaluateOn'> & { measure: MeasureName | Measure; seed: number },
): CircuitEvaluation {
  const { seed, measure, audit, prefix, excludeTokens } = options;
  const auditOptions = { ...(prefix ? { prefix } : {}), ...(excludeTokens ? { excludeTokens } : {}), seed };
  if (audit) checkAudited(caller, audit, given.config);
  else checkAuditing(caller, given, auditOptions);
  scannedPeriods(given.config, caller);
  const sequences = options.sequences ?? evaluatedSequences(given.config);
  const auditing = audit ? 0 : auditSize(given, { ...sampleOf(given.config, {}), seed });
  const progress = new Progress(options.onProgress, auditing + expectedSize(given, sequences));
  const record = audit ?? auditFor(caller, given, { ...auditOptions, onProgress: progress.part(auditing) });
  const model = asAudited(given, record);
  const { solved } = record.evidence;
  const periods = effectPeriods(solved, record.scores.periods);
  const selection = new RepeatSet(model, { sequences: Math.ceil(sequences / 2), seed, periods, measure });
  const set = new RepeatSet(model, { sequences, seed, heldOut: true, periods, measure });
  progress.add(selection.size + set.size);
  const learned = record.verdict !== 'not learned';
  const chosen = selection.reporting(progress, () => {
    const sets = learned ? minimalSets(selection) : [];
    const minimal = sets[0] ?? null;
    return {
      sets,
      minimal,
      claim: learned && byContent(record) ? chooseCircuit(selection, { record, minimal: minimal! }) : null,
    };
  });
  const scoresOf = (label: string): { previousToken: number; inductionExcess: number } => {
    const { previousToken, inductionExcess } = record.scores.heads.find((h) => h.label === label)!;
    return { previousToken: previousToken.value, inductionExcess: inductionExcess.value };
  };
  const found = set.reporting(progress, () =>
    measureChosen(set, {
      verdict: record.verdict,
      ...chosen,
      scoresOf,
      seed,
      scrub: measure === 'loss' ? (builders) => scrubKeys(set, builders, seed) : null,
    }),
  );
  const evaluation: Omit<CircuitEvaluation, 'sentence'> = {
    ...found,
    periods,
    selected: { sequences: selection.sequences, seed },
    measured: { sequences: set.sequences, seed },
  };
  const { measure: measured, ...rest } = evaluation;
  const sentence = explainEvaluation(evaluation, record);
  progress.finish();
  return { ...rest, sentence, ...(measured ? { measure: measured } : {}) };
}

/** Whether there is a circuit to claim: what only looks a fixed distance back is none. */
const byContent = ({ verdict }: AuditRecord): boolean => verdict !== 'not learned' && verdict !== 'positional shortcut';

/** Tokens that an evaluation on repeats runs, about: choosing on the selection, measuring on the held-out set. */
function expectedSize(model: Model, sequences: number): number {
  const config = asAnalysed(model.config);
  const periods = effectPeriods([], scannedPeriods(config));
  const choosing = choosingRuns(config) * setSize(config, periods, Math.ceil(sequences / 2));
  return choosing + measuringRuns(config) * setSize(config, periods, sequences);
}
