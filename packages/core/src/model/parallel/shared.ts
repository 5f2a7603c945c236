// Arrays that threads share: copies of what only one of them had.
import type { Arena } from '../../engine/tensor.ts';
import type { Parameters } from '../parameters.ts';
import type { Tokens } from '../tokens.ts';

export const sharedFloats = (size: number): Float32Array => new Float32Array(new SharedArrayBuffer(4 * size));

export function shareWeights(weights: Parameters, arena: Arena): { version: number; weights: Float32Array } {
  const shared = sharedFloats(weights.length);
  shared.set(arena.floats(weights.address, weights.length));
  return { version: weights.version, weights: shared };
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
