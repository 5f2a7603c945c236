// Lines through an attention pattern: one key a query. What a head attends to at a fixed place lies on one.
import type { AttentionWeight } from '../data/patternRuns.ts';

/** One cell a query: the queries from … to − 1, and the key that each of them looks at. */
export interface Line {
  readonly from: number;
  readonly to: number;
  readonly key: (query: number) => number;
}

/** Mean of the attention weights on a line. */
export function meanAlong(attention: AttentionWeight, { from, to, key }: Line): number {
  let sum = 0;
  for (let q = from; q < to; q++) sum += attention(q, key(q));
  return sum / (to - from);
}

/** The attention weight by query and key, and whether a cell counts. */
export interface CountedCells {
  readonly attention: AttentionWeight;
  readonly counts: (query: number, key: number) => boolean;
}

/** The same over the cells that count; NaN where none does. */
export function meanAlongCounted({ attention, counts }: CountedCells, { from, to, key }: Line): number {
  let sum = 0;
  let cells = 0;
  for (let q = from; q < to; q++) {
    if (!counts(q, key(q))) continue;
    sum += attention(q, key(q));
    cells++;
  }
  return cells === 0 ? Number.NaN : sum / cells;
}

/** Uniform attention over the past: what a head scores by chance is what this does. */
export const uniformAttention: AttentionWeight = (query, key) => (key <= query ? 1 / (query + 1) : 0);

/** Chance level of a line: what uniform attention scores on it, the mean of 1 / (q + 1). */
export const uniformAlong = (line: Line): number => meanAlong(uniformAttention, line);
