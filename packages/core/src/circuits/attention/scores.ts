// What a head attends to, as one number for one sequence. Each definition says which queries count: q is a query with
// a target, 0 … T − 2. All are shares of attention, 0 to 1. Names and formulas: docs/scores.md.
import type { Weight } from './patternRuns.ts';

/** Mean of weight(q, key(q)) over queries from … to − 1. */
export function meanAlong(weight: Weight, from: number, to: number, key: (query: number) => number): number {
  let sum = 0;
  for (let q = from; q < to; q++) sum += weight(q, key(q));
  return sum / (to - from);
}

/** A weight by query and key, and whether a cell counts. */
export interface CountedCells {
  readonly weight: Weight;
  readonly counts: (query: number, key: number) => boolean;
}

/** The same over the cells that count; NaN where none does. */
export function meanAlongCounted(
  { weight, counts }: CountedCells,
  from: number,
  to: number,
  key: (query: number) => number,
): number {
  let sum = 0;
  let cells = 0;
  for (let q = from; q < to; q++) {
    if (!counts(q, key(q))) continue;
    sum += weight(q, key(q));
    cells++;
  }
  return cells === 0 ? Number.NaN : sum / cells;
}

/**
 * Whether attention from q to k can come from content alone: the key is an earlier copy of the query's token, or follows
 * one. On a control whose tokens repeat by chance such cells say nothing of a fixed distance.
 */
export const contentMayAct = (tokens: ArrayLike<number>, query: number, key: number): boolean =>
  (key < query && tokens[key] === tokens[query]) || (key > 0 && key <= query && tokens[key - 1] === tokens[query]);

/** Previous-token score: mean over q ≥ 1 of pattern[q, q − 1]; `to` ends the queries, T − 1 for all of them. */
export const previousTokenScore = (weight: Weight, to: number): number => meanAlong(weight, 1, to, (q) => q - 1);

/** Attention to the token itself, over the same queries. */
export const currentTokenScore = (weight: Weight, to: number): number => meanAlong(weight, 1, to, (q) => q);

/** Attention to position 0, over the same queries. */
export const firstTokenScore = (weight: Weight, to: number): number => meanAlong(weight, 1, to, () => 0);

/**
 * Induction score, stripe: mean over the repeat queries q = start + P … T − 2 of pattern[q, q − P + 1]. The key is
 * q − P + 1, the successor of the current token's last copy, not q − P. `start` is where the block starts; there is no
 * start token. Olsson et al. (2022) count the same cells.
 */
export const inductionStripe = (weight: Weight, place: { start: number; period: number; length: number }): number =>
  meanAlong(weight, place.start + place.period, place.length - 1, (q) => q - place.period + 1);

/**
 * Sum over the keys after earlier copies of the current token, averaged over the queries that have one: induction by
 * content, for any sequence. With `shift` 0, over the copies themselves: the duplicate-token score. NaN without any.
 */
export function contentScore(weight: Weight, tokens: ArrayLike<number>, shift: 0 | 1): number {
  let sum = 0;
  let queries = 0;
  for (let q = 0; q < tokens.length - 1; q++) {
    let found = false;
    for (let copy = 0; copy < q; copy++)
      if (tokens[copy] === tokens[q]) {
        found = true;
        sum += weight(q, copy + shift);
      }
    if (found) queries++;
  }
  return queries === 0 ? Number.NaN : sum / queries;
}

/**
 * Prefix matching (Olsson et al. 2022, appendix), on a block repeated four times: attention from each token to the
 * positions after its earlier copies, averaged over the queries of the second to fourth copy.
 */
export const prefixMatchingScore = (weight: Weight, tokens: ArrayLike<number>): number =>
  contentScore(weight, tokens, 1);

/** What uniform attention scores along q − d, q from … to − 1: the mean of 1 / (q + 1). */
export function uniformAlong(from: number, to: number): number {
  let sum = 0;
  for (let q = from; q < to; q++) sum += 1 / (q + 1);
  return sum / (to - from);
}

/** The weight of uniform attention over the past. */
export const uniformWeight: Weight = (query, key) => (key <= query ? 1 / (query + 1) : 0);
