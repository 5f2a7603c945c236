// Runs of a model over many sequences, a few at a time, reading attention patterns without keeping them all.
import { type Intervention, looksAcross } from '../model/interventions.ts';
import type { Model, Tokens } from '../model/model.ts';

/** One sequence's pattern of one head: weight(query, key). */
export type Weight = (query: number, key: number) => number;

export interface PatternVisit {
  /** Index of the sequence in the whole probe. */
  readonly sequence: number;
  /** Index of the head: layer × nHeads + head. */
  readonly head: number;
  readonly weight: Weight;
}

/** Floats of patterns that may be in memory at once. */
const BUDGET = 8_000_000;

/** Sequences run together where an intervention looks at the others, and where none does: few enough for the cache. */
const MOST = 64;
const IN_CACHE = 4;
/** Where an intervention looks at the others at least so many run together: any number above one splits into twos and threes. */
const LEAST = 3;

/**
 * Runs `tokens` and shows every head's pattern on every sequence. Returns the losses: [sequence][position 0 … T − 2].
 * Without `visit` no pattern is kept.
 */
export function runPatterns(
  model: Model,
  tokens: Tokens,
  options: {
    interventions?: readonly Intervention[];
    visit?: (visit: PatternVisit) => void;
    /** Shows the patterns of this layer only. */
    layer?: number;
  },
): Float64Array[] {
  const { nLayers, nHeads } = model.config;
  const length = tokens[0]?.length ?? 0;
  const across = (options.interventions ?? []).some(looksAcross);
  const fitting = Math.min(across ? MOST : IN_CACHE, Math.floor(BUDGET / (nLayers * nHeads * length * length)));
  const parts = Math.ceil(tokens.length / Math.max(across ? LEAST : 1, fitting));
  const bound = (part: number): number => Math.floor((tokens.length * part) / parts);
  const losses: Float64Array[] = [];
  const shown = Array.from({ length: nLayers }, (_, layer) => layer).filter((l) => l === (options.layer ?? l));
  const names = options.visit ? shown.map((layer) => `blocks.${layer}.attn.hook_pattern`) : [];
  for (let i = 0; i < parts; i++) {
    const first = bound(i);
    const part = tokens.slice(first, bound(i + 1));
    const run = model.runWithInterventions(part, options.interventions ?? [], { names });
    part.forEach((_, s) => {
      losses.push(Float64Array.from(run.lossPerPosition.subarray(s * (length - 1), (s + 1) * (length - 1))));
    });
    if (!options.visit) continue;
    for (const layer of shown) {
      const { data } = run.cache.get(`blocks.${layer}.attn.hook_pattern`);
      for (let s = 0; s < part.length; s++)
        for (let head = 0; head < nHeads; head++) {
          const start = (s * nHeads + head) * length * length;
          const weight: Weight = (query, key) => data[start + query * length + key] as number;
          options.visit({ sequence: first + s, head: layer * nHeads + head, weight });
        }
    }
  }
  return losses;
}
