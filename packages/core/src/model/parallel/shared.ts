// Arrays that threads share: copies of what only one of them had.
import type { Arena, Floats } from '../../engine/tensor.ts';
import type { Parameters } from '../parameters.ts';
import type { Tokens } from '../tokens.ts';

export const sharedFloats = (size: number): Float32Array => new Float32Array(new SharedArrayBuffer(4 * size));

/** The weights themselves where they lie in shared memory: nobody changes them during a pass, at whose start helpers copy them. */
export function shareWeights(weights: Parameters, arena: Arena): { version: number; weights: Float32Array } {
  const own = arena.floats(weights.address, weights.length) as Float32Array;
  const { version } = weights;
  if (own.buffer instanceof SharedArrayBuffer) return { version, weights: own };
  const shared = sharedFloats(weights.length);
  shared.set(own);
  return { version, weights: shared };
}

/** Copies what helpers have written, from sequence `first` on, behind what this thread has: callers expect an array of its own. */
export function takeOver(shared: Float32Array, own: Floats, { first, batch }: { first: number; batch: number }): void {
  const at = first * (shared.length / batch);
  own.set(shared.subarray(at), at);
}

export function sharedTokens(tokens: Tokens, length: number): Int32Array {
  const shared = new Int32Array(new SharedArrayBuffer(4 * tokens.length * length));
  tokens.forEach((sequence, s) => void shared.set(sequence, s * length));
  return shared;
}

/** For what is to be done although something has failed already, of which will be told. */
export function attempt(act: () => void): void {
  try {
    act();
  } catch {}
}
