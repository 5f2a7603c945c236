// What the hand-built models must lose, worked out from their docstrings and the tokens alone.
import type { RepeatSet } from '../../src/circuits/data/repeatSet.ts';

/** Logit of a token that is copied with all of the attention. */
const CONFIDENCE = 20;

/** Loss of a perfect copy: one logit of 20, V − 1 logits of 0. */
export const perfectCopyLoss = (dVocab: number): number => Math.log1p((dVocab - 1) * Math.exp(-CONFIDENCE));

/**
 * Loss of a copying head that attends evenly to all of `seen`: the logit of a token is 20 times its share of them.
 *   ln Σ_t exp(20 · count(t) / n) − 20 · count(target) / n
 */
export function evenCopyLoss(seen: ArrayLike<number>, target: number, dVocab: number): number {
  const logits = new Float64Array(dVocab);
  for (let i = 0; i < seen.length; i++) logits[seen[i]!]! += CONFIDENCE / seen.length;
  return Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - logits[target]!;
}

/** Mean over the queries of a set's repeats, averaged over its sequences: of anything known of a query. */
export function meanOverRepeats(
  set: RepeatSet,
  value: (tokens: Int32Array, query: number, period: number) => number,
): number {
  const bySequence = set.batches().flatMap(({ tokens, queries: [from, to], period }) =>
    tokens.map((sequence) => {
      let sum = 0;
      for (let q = from; q < to; q++) sum += value(sequence, q, period);
      return sum / (to - from);
    }),
  );
  return bySequence.reduce((a, b) => a + b, 0) / bySequence.length;
}
