// Where a hook of TransformerLens 4 shows something else than the one of the same name in 3.9.0, which is ours: our numbers as 4 has them.

import type { ActivationCache } from './library.ts';

/** Queries and keys have their norm with the positions before the heads. */
export function activationInFour(name: string, ours: ActivationCache): Float32Array {
  const { data, shape } = ours.get(name);
  return /\.[qk]_norm\./.test(name) ? positionsFirst(data, shape) : data;
}

/**
 * hook_resid_mid is what ln2 reads: of its gradient, what goes past the MLP is not in it. Where attention and MLP read one norm (GPT-J), `theirs`
 * has no ln2, and the gradient of ln1 is that of both.
 */
export function gradientInFour(name: string, ours: ActivationCache, theirs: (name: string) => boolean): Float32Array {
  const data = activationInFour(name, ours);
  const second = name.replace('.ln1.', '.ln2.');
  if (name.endsWith('hook_resid_mid')) return sum(data, ours.get(name.replace('_mid', '_post')).data, -1);
  return second !== name && ours.has(second) && !theirs(second) ? sum(data, ours.get(second).data, 1) : data;
}

const sum = (a: Float32Array, b: Float32Array, sign: number): Float32Array => a.map((x, i) => x + sign * b[i]!);

/** From [sequence, head, position, …] to [sequence, position, head, …]. */
function positionsFirst(data: Float32Array, [sequences, heads, length, width]: readonly number[]): Float32Array {
  const out = new Float32Array(data.length);
  let at = 0;
  for (let s = 0; s < sequences!; s++)
    for (let p = 0; p < length!; p++)
      for (let h = 0; h < heads!; h++)
        for (let d = 0; d < width!; d++) out[at++] = data[((s * heads! + h) * length! + p) * width! + d]!;
  return out;
}
