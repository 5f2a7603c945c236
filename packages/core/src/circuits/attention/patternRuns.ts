// Runs of a model over many sequences, a few at a time, reading attention patterns without keeping them all.

import * as z from 'zod/mini';
import { ArgumentError, aFunction, must } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import { type Intervention, looksAcross } from '../../model/interventions/interventions.ts';
import { checkTokens, type Model, type Tokens } from '../../model/model.ts';
import { checkModel, checkOptions } from '../checks.ts';
import { checkLosses } from '../finite.ts';
import { Progress } from '../progress.ts';

/** One sequence's pattern of one head: weight(query, key). */
export type Weight = (query: number, key: number) => number;

export interface PatternVisit {
  /** Index of the sequence in the whole probe. */
  readonly sequence: number;
  /** Index of the head: layer × nHeads + head. */
  readonly head: number;
  readonly weight: Weight;
}

/** Floats of patterns and logits that may be in memory at once. */
const BUDGET = 8_000_000;

/** Sequences run together where an intervention looks at the others, and where none does: few enough for the cache. */
const MOST = 64;
const IN_CACHE = 4;
/** Where an intervention looks at the others at least so many run together: any number above one splits into twos and threes. */
const LEAST = 3;

/** Sequences of that length whose patterns and logits fit the budget, at least one and at most `most`. */
export const sequencesTogether = (
  { nLayers, nHeads, dVocab }: ModelConfig,
  length: number,
  most: number = MOST,
): number => Math.max(1, Math.min(most, Math.floor(BUDGET / (nLayers * nHeads * length * length + length * dVocab))));

/** The sequences in as few even slices as have at most `most` each. */
export function slices<T>(sequences: readonly T[], most: number): (readonly T[])[] {
  const parts = Math.ceil(sequences.length / most);
  const bound = (part: number): number => Math.floor((sequences.length * part) / parts);
  return Array.from({ length: parts }, (_, part) => sequences.slice(bound(part), bound(part + 1)));
}

const optionsSchema = z.strictObject({
  interventions: z.optional(z.array(z.any())),
  visit: z.optional(aFunction),
  layer: z.optional(z.int().check(z.gte(0))),
  progress: z.optional(must('be a Progress', (p) => p === null || p instanceof Progress)),
});

/**
 * Runs `tokens` and shows every head's pattern on every sequence. Returns the losses: [sequence][position 0 … T − 2].
 * Without `visit` no pattern is kept. Throws a NotFiniteError when a loss is not finite.
 */
export function runPatterns(
  model: Model,
  tokens: Tokens,
  options: {
    interventions?: readonly Intervention[];
    visit?: (visit: PatternVisit) => void;
    /** Shows the patterns of this layer only. */
    layer?: number;
    /** Is told of every token run. */
    progress?: Progress | null;
  },
): Float64Array[] {
  checkModel('runPatterns', model);
  checkOptions('runPatterns', optionsSchema, options);
  const { nLayers, nHeads } = model.config;
  const { interventions = [] } = options;
  if (options.layer !== undefined && options.layer >= nLayers)
    throw new ArgumentError(
      `runPatterns: there is no layer ${options.layer}; this model has layers 0 to ${nLayers - 1}.`,
    );
  checkTokens(model.config, tokens, 'runPatterns');
  const length = tokens[0]?.length ?? 0;
  const across = interventions.some(looksAcross);
  const fitting = sequencesTogether(model.config, length, across ? MOST : IN_CACHE);
  const losses: Float64Array[] = [];
  const shown = Array.from({ length: nLayers }, (_, layer) => layer).filter((l) => l === (options.layer ?? l));
  const names = options.visit ? shown.map((layer) => `blocks.${layer}.attn.hook_pattern`) : [];
  for (const part of slices(tokens, Math.max(across ? LEAST : 1, fitting))) {
    const first = losses.length;
    const run = model.runWithInterventions(part, interventions, { names });
    checkLosses(model, run, { tokens: part, interventions });
    part.forEach((_, s) => {
      losses.push(Float64Array.from(run.lossPerPosition.subarray(s * (length - 1), (s + 1) * (length - 1))));
    });
    for (const layer of options.visit ? shown : []) {
      const { data } = run.cache.get(`blocks.${layer}.attn.hook_pattern`);
      for (let s = 0; s < part.length; s++)
        for (let head = 0; head < nHeads; head++) {
          const start = (s * nHeads + head) * length * length;
          const weight: Weight = (query, key) => data[start + query * length + key] as number;
          options.visit?.({ sequence: first + s, head: layer * nHeads + head, weight });
        }
    }
    options.progress?.add(part.length * length);
  }
  return losses;
}
