// The loss of one prediction, in float64.

/** −log of the softmax of these logits at a token, nats. */
export function crossEntropy(logits: Float32Array | Float64Array, token: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const x of logits) if (x > largest) largest = x;
  let sum = 0;
  for (const x of logits) sum += Math.exp(x - largest);
  return Math.log(sum) + largest - logits[token]!;
}
