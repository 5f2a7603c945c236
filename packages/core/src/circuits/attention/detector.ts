// A detector: a job of heads as a value. From the keys that a query of that job looks at follow the score of a pattern, what
// uniform attention scores, and what the same cells have where nothing repeats.
import type { AttentionWeight } from '../data/patternRuns.ts';
import { withNextToken } from '../data/prompts.ts';
import { mean } from '../statistics/estimate.ts';
import { contentMayAct } from './contentFree.ts';
import { uniformAttention } from './line.ts';

/** Sequences to look at a job on: two copies of a block, no repeat, or four copies (docs/scores.md: S at P = T/2, R, prefix matching). */
export const PROBES = ['repeat', 'control', 'fourfold'] as const;
/** The kinds of sequences that a detector may be measured on. */
export type ProbeName = (typeof PROBES)[number];

/** A job of heads. */
export interface Detector {
  /** What it is called in records and tables. */
  readonly name: string;
  /**
   * The keys that a query of that job looks at: positions from 0 to the query. Where there are none, the query does not
   * count, unless `counts` says that it does. Must depend on its arguments alone. The tokens are a copy, its own.
   * @param tokens The sequence, a token for each position.
   * @param query The position that looks.
   */
  keys(tokens: ArrayLike<number>, query: number): readonly number[];
  /**
   * Whether a query counts; those with keys unless given. Where sequences are drawn, queries without a next token never do.
   * @param tokens The sequence, a token for each position.
   * @param query The position that looks.
   */
  counts?(tokens: ArrayLike<number>, query: number): boolean;
  /** Where it is measured: on two copies of a block unless given. Says nothing on given prompts. */
  readonly on?: ProbeName;
}

/** A query that counts, and the keys that attention is summed over. */
export interface CountedQuery {
  readonly query: number;
  readonly keys: readonly number[];
}

/** The queries of a sequence that count for a detector: of those that are named, or of all before the last position. */
export function countedQueries(
  detector: Detector,
  tokens: ArrayLike<number>,
  queries: readonly number[] = withNextToken(tokens),
): CountedQuery[] {
  const counted: CountedQuery[] = [];
  for (const query of queries) {
    const keys = detector.keys(tokens, query);
    if (detector.counts ? detector.counts(tokens, query) : keys.length > 0) counted.push({ query, keys });
  }
  return counted;
}

/** Share of attention, 0 to 1, on the keys of each query, averaged over the queries; NaN without any. */
export function scoreOn(counted: readonly CountedQuery[], attention: AttentionWeight): number {
  let sum = 0;
  for (const { query, keys } of counted) for (const key of keys) sum += attention(query, key);
  return counted.length === 0 ? Number.NaN : sum / counted.length;
}

/** Chance level: what uniform attention over the past scores, the mean over the sequences with a query that counts. */
export const chanceOn = (sequences: readonly (readonly CountedQuery[])[]): number =>
  mean(sequences.map((counted) => scoreOn(counted, uniformAttention)).filter((x) => !Number.isNaN(x)));

/** The cells among them where content cannot act on these tokens; a query that has none left does not count. */
export const withoutContent = (counted: readonly CountedQuery[], tokens: ArrayLike<number>): CountedQuery[] =>
  counted
    .map(({ query, keys }) => ({ query, keys: keys.filter((key) => !contentMayAct(tokens, query, key)) }))
    .filter(({ keys }) => keys.length > 0);
