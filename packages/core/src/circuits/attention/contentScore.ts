// Attention by content: to earlier copies of the query's token, or to what followed them, wherever they stand.
import type { AttentionWeight } from '../data/patternRuns.ts';
import { countedQueries, scoreOn } from './detector.ts';

/** The earlier copies of the query's token, or with `shift` 1 the keys after them, in order. */
export function copyKeys(tokens: ArrayLike<number>, query: number, shift: 0 | 1): number[] {
  const keys: number[] = [];
  for (let copy = 0; copy < query; copy++) if (tokens[copy] === tokens[query]) keys.push(copy + shift);
  return keys;
}

/**
 * Sum over the keys after earlier copies of the current token, averaged over the queries that have one: induction by
 * content, for any sequence. With `shift` 0, over the copies themselves: the duplicate-token score. NaN without any.
 * @param tokens The sequence, a token for each position.
 * @returns Share of attention, 0 to 1; NaN where no query counts.
 */
export const contentScore = (attention: AttentionWeight, tokens: ArrayLike<number>, shift: 0 | 1): number =>
  scoreOn(countedQueries({ name: 'content', keys: (all, query) => copyKeys(all, query, shift) }, tokens), attention);

/**
 * Prefix matching (Olsson et al. 2022, appendix), on a block repeated four times: attention from each token to the
 * positions after its earlier copies, averaged over the queries of the second to fourth copy.
 * @param tokens The sequence, a token for each position.
 * @returns Share of attention, 0 to 1; NaN where no query counts.
 */
export const prefixMatchingScore = (attention: AttentionWeight, tokens: ArrayLike<number>): number =>
  contentScore(attention, tokens, 1);
