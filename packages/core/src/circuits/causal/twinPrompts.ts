// The prompts that activation patching is done on: a pair or a set, checked, with what is measured of both sides.
import type { Asked } from '../../model/measures/askedQueries.ts';
import { MEASURES, type MeasureName } from '../../model/measures/builtInMeasures.ts';
import type { Measure } from '../../model/measures/measure.ts';
import { type Measuring, measureOf, measuring } from '../../model/measures/measuring.ts';
import type { CachedRun, Model } from '../../model/model.ts';
import type { PromptPair } from '../data/corruption.ts';
import { askedOf, askedPrompts } from '../data/promptChecks.ts';
import { checkPair } from '../data/promptPairs.ts';
import { type AskedPrompt, commonQueries, type Prompts } from '../data/prompts.ts';
import { promptsOf } from '../data/repeatPrompts.ts';

/** Clean prompts with corrupted twins, both of which are asked for the clean one's answers. */
export interface TwinPrompts {
  readonly prompts: readonly AskedPrompt[];
  readonly measure: Measure;
  /** Whether that is what has always been measured: the loss of a pair's next tokens. */
  readonly usual: boolean;
  readonly measuring: Measuring;
}

/** Throws an Error that names sequence and query where a prompt cannot be meant, or has no twin. */
export function twinPrompts(
  caller: string,
  model: Model,
  { given, measure }: { given: PromptPair | Prompts; measure: MeasureName | Measure },
): TwinPrompts {
  const { config } = model;
  const isPair = !Array.isArray(given);
  if (isPair) checkPair(caller, given as PromptPair);
  const by = measureOf(measure, caller);
  const brought = isPair ? promptsOf(given as PromptPair) : (given as Prompts);
  const prompts = askedPrompts(brought, { config, caller, measure: by, twins: true });
  const tokens = prompts.map((prompt) => prompt.tokens);
  return {
    prompts,
    measure: by,
    usual: isPair && by === MEASURES.loss,
    measuring: measuring(by, askedOf(prompts), { config, tokens, caller }),
  };
}

/** The measure of each sequence of a run; `sequences` says which of all they are. */
export function measuredOf(
  { measuring }: TwinPrompts,
  { logits, batch }: Pick<CachedRun, 'logits' | 'batch'>,
  sequences: readonly number[],
): number[] {
  const size = logits.length / batch;
  return sequences.map((sequence, s) => measuring.value(sequence, logits.subarray(s * size, (s + 1) * size)));
}

/**
 * What `runWithGradients` is asked of corrupted prompts. Null where nothing can be attributed: the measure has no gradient,
 * or, of a pair's next tokens, they are others than the clean prompt's.
 */
export function gradientsAsked(
  { prompts, measure, usual }: TwinPrompts,
  sequences: readonly number[],
): (Asked & { readonly measure?: Measure }) | null {
  if (!measure.gradient) return null;
  const chosen = sequences.map((s) => prompts[s]!);
  const nextTokens = chosen.every(({ queries, answers, corrupted }) =>
    queries.every((q, i) => corrupted![q + 1] === answers[i]),
  );
  if (usual && !nextTokens) return null;
  const queries = measure === MEASURES.loss && nextTokens ? commonQueries(chosen) : null;
  return queries ? { queries } : { measure, ...askedOf(chosen) };
}
