// Sequences that somebody brings: which of their queries count, what stands there for right and wrong, and what they are
// corrupted to. Plain values: the makers of repeats give the same.
import * as z from 'zod/mini';
import { checkArgument, must } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import { type Asked, askedQueries } from '../../model/measures/askedQueries.ts';
import type { MeasureName } from '../../model/measures/builtInMeasures.ts';
import type { Measure } from '../../model/measures/measure.ts';
import { measureOf } from '../../model/measures/measuring.ts';
import { checkSequence } from '../../model/tokens.ts';

/** A sequence with its query set. */
export interface QueriedPrompt {
  /** [pos]; prompts of a set may differ in length. */
  readonly tokens: ArrayLike<number>;
  /** The query positions that count; all that have a next token by default. */
  readonly queries?: readonly number[];
  /** The right answer at each of the queries; the next token by default. */
  readonly answers?: ArrayLike<number>;
  /** A wrong answer at each of the queries: what `logit-diff` compares with. */
  readonly wrong?: ArrayLike<number>;
  /** The corrupted twin, of as many tokens: activation patching runs it, and asks it for the same answers. */
  readonly corrupted?: ArrayLike<number>;
}

/** Sequences with the queries that count; docs/prompts.md defines each field. */
export type Prompts = readonly QueriedPrompt[];

/** The same with every default filled in; `wrong` is empty, and an answer −1, where there is none and none is needed. */
export interface AskedPrompt extends QueriedPrompt {
  readonly queries: readonly number[];
  readonly answers: readonly number[];
  readonly wrong: readonly number[];
}

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

/** What is wrong with prompts that an analysis was given, whatever the model. */
export class PromptsError extends Error {}

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

/** All queries of a sequence that have a next token. */
export const withNextToken = (tokens: ArrayLike<number>): number[] =>
  Array.from({ length: tokens.length - 1 }, (_, q) => q);

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

/** The queries [from, to) of all of the prompts, where they have the same ones, in a row; else null. */
export function commonQueries(prompts: readonly AskedPrompt[]): readonly [from: number, to: number] | null {
  const { queries } = prompts[0]!;
  const [from, to] = [queries[0]!, queries.at(-1)! + 1];
  const inARow = queries.length === to - from && queries.every((q, i) => q === from + i);
  return inARow && prompts.every((prompt) => prompt.queries.join() === queries.join()) ? [from, to] : null;
}

/** Indices of the prompts, those of one length together: lengths in the order in which they first come. */
export function byLength(prompts: Prompts): number[][] {
  const groups = new Map<number, number[]>();
  prompts.forEach(({ tokens: { length } }, s) => {
    const group = groups.get(length);
    if (group) group.push(s);
    else groups.set(length, [s]);
  });
  return [...groups.values()];
}
