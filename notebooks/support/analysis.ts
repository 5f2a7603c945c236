// Loops over heads and sequences: kept out of the cells, where a loop is slow.
import { type AttentionWeight, headLabel, type Model, runPatterns, type Tokens } from '@induction-lab/core/node';

/** The mean over sequences of a score of each head's attention pattern, head by head, layer by layer. */
export function meanByHead(
  model: Model,
  sequences: Tokens,
  score: (attention: AttentionWeight) => number,
): { label: string; value: number }[] {
  const { nLayers, nHeads } = model.config;
  const sums = new Float64Array(nLayers * nHeads);
  runPatterns(model, sequences, {
    visit: ({ head, attention }) => {
      sums[head]! += score(attention);
    },
  });
  return Array.from(sums, (sum, head) => ({
    label: headLabel(Math.floor(head / nHeads), head % nHeads),
    value: sum / sequences.length,
  }));
}

/** The largest absolute difference between two lists of numbers. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`largestDifference: ${a.length} numbers against ${b.length}.`);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}
