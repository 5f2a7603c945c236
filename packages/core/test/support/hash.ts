import { createHash } from 'node:crypto';
import type { NamedWeights } from '../../src/model/parameters.ts';

/** SHA-256 of all weights, names included. */
export function hashWeights(weights: NamedWeights): string {
  const hash = createHash('sha256');
  for (const [name, { data }] of Object.entries(weights))
    hash.update(name).update(Buffer.from(Float32Array.from(data).buffer));
  return hash.digest('hex');
}
