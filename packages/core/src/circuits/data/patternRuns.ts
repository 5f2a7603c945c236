// Runs of a model over many sequences, a few at a time, reading attention patterns without keeping them all.

import * as z from 'zod/mini';
import { ArgumentError, aFunction, must } from '../../errors/arguments.ts';
import { type Intervention, looksAcross } from '../../model/interventions/interventions.ts';
import { type CachedRun, checkTokens, type Model, type Tokens } from '../../model/model.ts';
import type { Returns } from '../../model/returned.ts';
import { checkModel, checkOptions } from '../checks.ts';
import { checkLosses, checkPatterns } from '../finite.ts';
import { Progress } from '../progress.ts';
import { perSlice, slices } from './slices.ts';

/** The attention weight from a query position to a key position in one pattern: a share of attention, 0 to 1. */
export type AttentionWeight = (query: number, key: number) => number;

/** One head's attention pattern on one sequence. */
export interface PatternVisit {
  /** Index of the sequence in the whole probe. */
  readonly sequence: number;
  /** Index of the head: layer × nHeads + head. */
  readonly head: number;
  readonly attention: AttentionWeight;
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
  const { nLayers } = model.config;
  if (options.layer !== undefined && options.layer >= nLayers)
    throw new ArgumentError(
      `runPatterns: there is no layer ${options.layer}; this model has layers 0 to ${nLayers - 1}.`,
    );
  checkTokens(model.config, tokens, 'runPatterns');
  const losses: Float64Array[] = [];
  runSlices(model, tokens, { ...options, returns: 'losses' }, ({ lossPerPosition, batch, length }) => {
    for (let s = 0; s < batch; s++)
      losses.push(Float64Array.from(lossPerPosition.subarray(s * (length - 1), (s + 1) * (length - 1))));
  });
  return losses;
}

/** Shows every head's pattern where nobody asks for losses: of the work, the last MLP and the unembedding are left out. */
export function showPatterns(
  model: Model,
  tokens: Tokens,
  { visit, progress = null }: { visit: (visit: PatternVisit) => void; progress?: Progress | null },
): void {
  runSlices(model, tokens, { visit, progress, returns: 'nothing' }, () => {});
}

/** How sequences are run, and which patterns are shown. */
export interface SliceRuns {
  readonly interventions?: readonly Intervention[];
  readonly visit?: (visit: PatternVisit) => void;
  readonly layer?: number;
  readonly progress?: Progress | null;
  /** What is read of each run besides patterns; logits and losses unless told. */
  readonly returns?: Returns;
  /** What runs a part of the sequences, of which `first` is the first, where it has been run before. */
  readonly runOf?: (part: Tokens, first: number) => RunPart;
}

/** Runs some sequences under interventions. */
export type RunPart = ReturnType<Model['repeatedly']>;

/** The hook point of a layer's patterns. */
export const patternOf = (layer: number): string => `blocks.${layer}.attn.hook_pattern`;

/** Runs sequences of one length, a few at a time; `see` is shown each run and the index of its first sequence. */
export function runSlices(
  model: Model,
  tokens: Tokens,
  { interventions = [], visit, layer, progress, returns = 'logits', runOf }: SliceRuns,
  see: (run: CachedRun, first: number) => void,
): void {
  const { nLayers, nHeads } = model.config;
  const length = tokens[0]?.length ?? 0;
  const across = interventions.some(looksAcross);
  const shown = Array.from({ length: nLayers }, (_, l) => l).filter((l) => l === (layer ?? l));
  const names = visit ? shown.map(patternOf) : [];
  let first = 0;
  for (const part of slices(tokens, perSlice(model, { length, across, logits: returns === 'logits' }))) {
    const run =
      runOf && !across
        ? runOf(part, first)(interventions, { names })
        : model.runWithInterventions(part, interventions, { names, returns });
    if (returns === 'nothing') checkPatterns(model, run, { tokens: part, interventions });
    else checkLosses(model, run, { tokens: part, interventions });
    see(run, first);
    if (visit) for (const l of shown) showLayer(run, { layer: l, first, nHeads, visit });
    progress?.add(part.length * length);
    first += part.length;
  }
}

/** Shows the patterns that were kept of some layers of a run. */
export function seePatterns(
  model: Model,
  run: CachedRun,
  { layers, visit }: { layers: readonly number[]; visit: (visit: PatternVisit) => void },
): void {
  for (const layer of layers) showLayer(run, { layer, first: 0, nHeads: model.config.nHeads, visit });
}

/** Shows the patterns of a layer on every sequence of a run; `first` is the index of its first one in the probe. */
function showLayer(
  { cache, batch, length }: CachedRun,
  { layer, first, nHeads, visit }: { layer: number; first: number; nHeads: number; visit: (v: PatternVisit) => void },
): void {
  const { values, width } = cache.rows(patternOf(layer));
  for (let s = 0; s < batch; s++)
    for (let head = 0; head < nHeads; head++) {
      const start = (s * nHeads + head) * length * width;
      const attention: AttentionWeight = (query, key) => values[start + query * width + key] as number;
      visit({ sequence: first + s, head: layer * nHeads + head, attention });
    }
}
