// Sequences that somebody brings: which of their queries count, what stands there for right and wrong, and what they are
// corrupted to. Plain values: the makers of repeats give the same.

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
  /** The corrupted twin [pos], of as many tokens: activation patching runs it, and asks it for the same answers. */
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

/** What is wrong with prompts that an analysis was given, whatever the model. */
export class PromptsError extends Error {}

/** All queries of a sequence that have a next token. */
export const withNextToken = (tokens: ArrayLike<number>): number[] =>
  Array.from({ length: tokens.length - 1 }, (_, q) => q);

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
