// Random circuits of the same shape as a claimed one: what faithfulness is compared with.

import type { ModelConfig } from '../../model/config.ts';
import { type HeadIndex, labelOf } from '../../model/heads.ts';
import { INPUTS } from '../../model/interventions/interventions.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { shuffled } from '../../random/shuffled.ts';
import { ANALYSIS_STREAMS, STREAMS } from '../../random/streams.ts';
import { edgeLabel, type HeadEdge } from '../causal/edges.ts';
import type { Circuit } from './circuit.ts';

/** So many are drawn. */
export const RANDOM_CIRCUITS = 10;

/**
 * Different circuits of the same shape: heads mapped to others of their layer, edges along with them, into random inputs.
 * @param seed Seed of the draws.
 */
export function randomCircuits(config: ModelConfig, circuit: Circuit<HeadEdge>, seed: number): Circuit<HeadEdge>[] {
  const seen = new Set([nameOf(circuit)]);
  const found: Circuit<HeadEdge>[] = [];
  for (let attempt = 0; attempt < 20 * RANDOM_CIRCUITS && found.length < RANDOM_CIRCUITS; attempt++) {
    const random = new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.randomCircuits, attempt);
    const heads = Array.from({ length: config.nLayers }, () => shuffled(config.nHeads, random));
    const inputs = shuffled(INPUTS.length, random);
    const map = ({ layer, head }: HeadIndex): HeadIndex => ({ layer, head: heads[layer]![head]! });
    const drawn: Circuit<HeadEdge> = {
      heads: circuit.heads.map(map),
      edges: circuit.edges.map(({ source, target, input }) => ({
        source: map(source),
        target: map(target),
        input: INPUTS[inputs[INPUTS.indexOf(input)]!]!,
      })),
    };
    if (seen.has(nameOf(drawn))) continue;
    seen.add(nameOf(drawn));
    found.push(drawn);
  }
  return found;
}

const nameOf = ({ heads, edges }: Circuit): string =>
  JSON.stringify([heads.map(labelOf).sort(), edges.map(edgeLabel).sort()]);
