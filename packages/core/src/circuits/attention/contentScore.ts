// Attention by content: to earlier copies of the query's token, or to what followed them, wherever they stand.
import type { AttentionWeight } from '../data/patternRuns.ts';
import { mean } from '../statistics/estimate.ts';
import { uniformAttention } from './line.ts';

/**
 * Sum over the keys after earlier copies of the current token, averaged over the queries that have one: induction by
 * content, for any sequence. With `shift` 0, over the copies themselves: the duplicate-token score. NaN without any.
 */
export function contentScore(attention: AttentionWeight, tokens: ArrayLike<number>, shift: 0 | 1): number {
  let sum = 0;
  let queries = 0;
  for (let q = 0; q < tokens.length - 1; q++) {
    let found = false;
    for (let copy = 0; copy < q; copy++)
      if (tokens[copy] === tokens[q]) {
        found = true;
        sum += attention(q, copy + shift);
      }
    if (found) queries++;
  }
  return queries === 0 ? Number.NaN : sum / queries;
}

/** Chance level of a content score: what uniform attention scores on these sequences, those without a query left out. */
export const uniformContent = (sequences: readonly ArrayLike<number>[], shift: 0 | 1): number =>
  mean(sequences.map((tokens) => contentScore(uniformAttention, tokens, shift)).filter((x) => !Number.isNaN(x)));

/**
 * Prefix matching (Olsson et al. 2022, appendix), on a block repeated four times: attention from each token to the
 * positions after its earlier copies, averaged over the queries of the second to fourth copy.
 */
export const prefixMatchingScore = (attention: AttentionWeight, tokens: ArrayLike<number>): number =>
  contentScore(attention, tokens, 1);
