// Which positions of each sequence a measure looks at, and what stands there for right and wrong.
import { ArgumentError } from '../../errors/arguments.ts';
import { quoted } from '../../errors/printable.ts';
import type { ModelConfig } from '../config.ts';
import type { Tokens } from '../tokens.ts';
import type { Measure } from './measure.ts';

/** The same queries `from` … `to` − 1 of every sequence, or a list for each sequence. */
export type Queries = readonly [from: number, to: number] | readonly (readonly number[])[];

/** What a measure is asked about; by default all queries with a next token, which is the right answer. */
export interface Asked {
  readonly queries?: Queries;
  /** By sequence, a token for each of its queries; the next tokens of a sequence that has no list. */
  readonly answers?: readonly (ArrayLike<number> | undefined)[];
  /** A wrong answer for each of them. */
  readonly wrong?: readonly (ArrayLike<number> | undefined)[];
}

/** Of one sequence. */
export interface AskedQueries {
  readonly queries: readonly number[];
  readonly answers: readonly number[];
  readonly wrong: readonly number[];
}

export const isRange = (queries: Queries): queries is readonly [number, number] => typeof queries[0] === 'number';

interface Context {
  readonly config: ModelConfig;
  readonly tokens: Tokens;
  readonly measure: Measure;
  readonly caller: string;
}

/** What is asked of each sequence. Throws an Error that names the sequence and the query which cannot be meant. */
export function askedQueries(asked: Asked, context: Context): AskedQueries[] {
  const { tokens, measure, caller } = context;
  for (const name of ['answers', 'wrong'] as const) checkCount(asked[name], { name, tokens, caller });
  if (!asked.wrong && measure.needs?.includes('wrong'))
    throw new ArgumentError(
      `${caller}: the measure ${quoted(measure.name)} compares two answers; give \`wrong\`, by sequence a token for each query.`,
    );
  const lists = queryLists(asked, context);
  return lists.map((queries, s) => {
    checkQueries(queries, { ...context, s });
    const wrong = told(asked.wrong?.[s], { ...context, s, queries, name: 'wrong' });
    if (wrong.length === 0 && measure.needs?.includes('wrong'))
      throw new ArgumentError(
        `${caller}: sequence ${s} has no wrong answer at query ${queries[0]}, and the measure ${quoted(measure.name)} compares two; give \`wrong\`, a token for each of its queries.`,
      );
    const right = told(asked.answers?.[s], { ...context, s, queries, name: 'answers' });
    return { queries, wrong, answers: asked.answers?.[s] ? right : nextTokens(queries, { ...context, s }) };
  });
}

function checkCount(lists: unknown, { name, tokens, caller }: { name: string; tokens: Tokens; caller: string }): void {
  if (lists === undefined) return;
  if (!Array.isArray(lists))
    throw new ArgumentError(
      `${caller}: ${name} must be an array with a list for each sequence, such as [[3], [1]], got ${quoted(lists)}.`,
    );
  if (lists.length !== tokens.length)
    throw new ArgumentError(
      `${caller}: ${name} has lists for ${lists.length} sequences, there are ${tokens.length}; give one for each.`,
    );
}

function queryLists({ queries, answers }: Asked, { tokens, measure, caller }: Context): number[][] {
  const { length } = tokens[0]!;
  if (queries !== undefined && !isRange(queries)) {
    checkCount(queries, { name: 'queries', tokens, caller });
    return Array.from(queries, (list) => (isList(list) ? Array.from(list) : [list as unknown as number]));
  }
  const last = answers || !measure.needs?.includes('answers') ? length : length - 1;
  const [from, to] = queries ?? [0, length - 1];
  if (queries && !(from >= 0 && from < to && to <= last))
    throw new Error(
      `${caller}: queries [${queries}] must lie within [0, ${last}), ${last < length ? 'where a sequence has a next token' : 'where a sequence has tokens'}.`,
    );
  const range = Array.from({ length: to - from }, (_, i) => from + i);
  return Array.from(tokens, () => range);
}

const isList = (value: unknown): value is ArrayLike<number> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

type OfSequence = Context & { readonly s: number };

function checkQueries(queries: readonly number[], { tokens, s, caller }: OfSequence): void {
  const { length } = tokens[s]!;
  if (queries.length === 0)
    throw new Error(`${caller}: sequence ${s} has no query, so there is nothing to measure; name one.`);
  const wrong = queries.find((query) => !(Number.isInteger(query) && query >= 0 && query < length));
  if (queries.some((query) => query === undefined) || wrong !== undefined)
    throw new Error(
      `${caller}: sequence ${s} has no query ${quoted(wrong)}; its positions are whole numbers from 0 to ${length - 1}.`,
    );
  const seen = new Set<number>();
  const twice = queries.find((query) => seen.size === seen.add(query).size);
  if (twice !== undefined) throw new Error(`${caller}: sequence ${s} names query ${twice} twice; name it once.`);
}

function told(
  list: ArrayLike<number> | undefined,
  { config, caller, s, queries, name }: OfSequence & { queries: readonly number[]; name: 'answers' | 'wrong' },
): number[] {
  if (list === undefined) return [];
  if (!isList(list) || list.length !== queries.length) {
    const got = isList(list) ? `${list.length}` : quoted(list);
    throw new ArgumentError(
      `${caller}: ${name} of sequence ${s} must be a token for each of its queries ${queries.join(', ')}, ${queries.length} in all, got ${got}.`,
    );
  }
  return Array.from(list, (token, i) => {
    if (!(Number.isInteger(token) && token >= 0 && token < config.dVocab))
      throw new Error(
        `${caller}: ${name} of sequence ${s} has token ${quoted(token)} at query ${queries[i]}; tokens are whole numbers from 0 to ${config.dVocab - 1}.`,
      );
    return token;
  });
}

function nextTokens(queries: readonly number[], { tokens, measure, s, caller }: OfSequence): number[] {
  const sequence = tokens[s]!;
  return queries.map((query) => {
    if (query < sequence.length - 1) return sequence[query + 1] as number;
    if (!measure.needs?.includes('answers')) return -1;
    throw new Error(
      `${caller}: sequence ${s} has no next token at query ${query}; give \`answers\`, or leave this query out.`,
    );
  });
}
