// Whether a model can be measured on prompts, and what they ask once every default is filled in.
import * as z from 'zod/mini';
import { checkArgument, must } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import { type Asked, askedQueries } from '../../model/measures/askedQueries.ts';
import type { MeasureName } from '../../model/measures/builtInMeasures.ts';
import type { Measure } from '../../model/measures/measure.ts';
import { measureOf } from '../../model/measures/measuring.ts';
import { checkSequence } from '../../model/tokens.ts';
import { type AskedPrompt, type Prompts, type QueriedPrompt, withNextToken } from './prompts.ts';

const list = must(
  'be a list of whole numbers, as in [3, 1, 4]',
  (x) => Array.isArray(x) || (ArrayBuffer.isView(x) && !(x instanceof DataView)),
);
/** What `Prompts` are, and what a file of them holds. */
export const promptsSchema: z.ZodMiniType = z
  .array(
    z.strictObject({
      tokens: list,
      queries: z.optional(list),
      answers: z.optional(list),
      wrong: z.optional(list),
      corrupted: z.optional(list),
    }),
  )
  .check(z.minLength(1));

/** What prompts are checked against. */
export interface PromptChecks {
  readonly measure?: MeasureName | Measure;
  /** Whether every prompt needs a corrupted twin. */
  readonly twins?: boolean;
  /** Who is named in the messages. */
  readonly caller?: string;
}

/**
 * Throws an Error that names the sequence, and the query where it is about one, unless a model of this config can be
 * measured on the prompts: nothing is run.
 */
export function checkPrompts(config: ModelConfig, prompts: Prompts, checks: PromptChecks = {}): void {
  askedPrompts(prompts, { caller: 'checkPrompts', ...checks, config });
}

/** The prompts with their defaults. Throws what `checkPrompts` throws. */
export function askedPrompts(
  prompts: Prompts,
  {
    config,
    caller,
    measure = 'loss',
    twins = false,
  }: PromptChecks & { readonly config: ModelConfig; readonly caller: string },
): AskedPrompt[] {
  checkArgument(caller, 'prompts', promptsSchema, prompts);
  prompts.forEach((prompt, s) => {
    checkSequence(config, prompt.tokens, { name: `sequence ${s}`, caller });
    checkTwin(config, prompt, { s, caller, needed: twins });
  });
  const asked = askedQueries(
    {
      queries: prompts.map(({ tokens, queries }) => queries ?? withNextToken(tokens)),
      answers: prompts.map(({ answers }) => answers),
      wrong: prompts.map(({ wrong }) => wrong),
    },
    { config, tokens: prompts.map(({ tokens }) => tokens), measure: measureOf(measure, caller), caller },
  );
  // By their names: a prompt may be an instance of a class, whose fields are not its own.
  return prompts.map(({ tokens, corrupted }, s) => ({
    tokens,
    ...asked[s]!,
    ...(corrupted === undefined ? {} : { corrupted }),
  }));
}

function checkTwin(
  config: ModelConfig,
  { tokens, corrupted }: QueriedPrompt,
  { s, caller, needed }: { s: number; caller: string; needed: boolean },
): void {
  if (corrupted === undefined) {
    if (needed)
      throw new Error(
        `${caller}: sequence ${s} has no corrupted twin to patch into; give it \`corrupted\`, a list of ${tokens.length} tokens.`,
      );
    return;
  }
  if (corrupted.length !== tokens.length)
    throw new Error(
      `${caller}: sequence ${s} has ${tokens.length} tokens, its corrupted twin ${corrupted.length}; use twins of equal length.`,
    );
  checkSequence(config, corrupted, { name: `the corrupted twin of sequence ${s}`, caller });
}

/** What some of the prompts are asked, as measures and gradients of a run on them take it. */
export const askedOf = (prompts: readonly AskedPrompt[]): Asked => ({
  queries: prompts.map(({ queries }) => queries),
  answers: prompts.map(({ answers }) => (answers.includes(-1) ? undefined : answers)),
  wrong: prompts.map(({ wrong }) => (wrong.length === 0 ? undefined : wrong)),
});
