// The memory of a run: what a plan takes before it is laid out, how many sequences of a batch may run together, and how
// long a sequence may be. Attention patterns grow with the square of the length; everything else grows with the number of
// tokens.
import * as z from 'zod/mini';
import type { Engine } from '../engine/engine.ts';
import type { Extent } from '../engine/modelOps.ts';
import { planOnly } from '../engine/planOnly.ts';
import { Arena, LARGEST_MEMORY, sizeText } from '../engine/tensor.ts';
import { checkArgument, must } from '../errors/arguments.ts';
import { counted } from '../errors/names.ts';
import { TooLargeError } from '../errors/tooLarge.ts';
import type { PlanOptions } from './components/plan.ts';
import { type ModelConfig, modelConfig } from './config.ts';
import { axesIn, sizePerPosition } from './hookPoints.ts';
import { Parameters } from './parameters.ts';
import type { Returns } from './returned.ts';
import { Transformer } from './transformer.ts';

/**
 * Bytes that the activations of a batch may take before it runs in slices. Results do not depend on it; memory that was
 * taken once is never given back.
 */
const SLICE_BYTES = 2 ** 27;

/** Bytes of logits, losses and kept activations that one run may give back: as many as its memory may hold. */
const MOST_GIVEN_BACK = LARGEST_MEMORY;

export interface Workspace {
  readonly transformer: Transformer;
  readonly gradients: Parameters | null;
}

interface LayoutOptions {
  readonly config: ModelConfig;
  readonly engine: Pick<Engine, 'opsFor'>;
  readonly weights: Parameters;
  readonly extent: Extent;
  readonly plan: PlanOptions;
}

/** Lays out what a run needs, from the arena's first free address on. */
export function layOut(arena: Arena, { config, engine, weights, extent, plan }: LayoutOptions): Workspace {
  const ops = engine.opsFor(config, extent, arena);
  const gradients = plan.gradients ? new Parameters(config, arena) : null;
  return { transformer: new Transformer({ config, extent, plan, ops, arena, weights }), gradients };
}

/** What tells layouts apart. */
export const keyOf = (extent: Extent, plan: PlanOptions): string => {
  const layers = (chosen: readonly number[]): number[] => [...new Set(chosen)].sort((a, b) => a - b);
  return JSON.stringify([
    extent,
    plan.gradients,
    layers(plan.results),
    layers(plan.splitInputs),
    ...[plan.attentionInputs, plan.mlpInputs].map((chosen) => layers(chosen ?? [])),
  ]);
};

/** The address at which it would end. */
export function endOf(start: number, arena: Arena, options: LayoutOptions): number {
  const measuring = arena.measuring(start);
  layOut(measuring, options);
  return measuring.used;
}

/** Some of the sequences of a batch, which run together. */
export interface BatchSlice {
  readonly first: number;
  readonly count: number;
}

/**
 * How a batch runs: as a whole if it fits into SLICE_BYTES, else in slices that do; a single sequence, or a batch that must
 * be seen `whole`, may take all that the memory has. Throws a TooLargeError with the number where that is too little.
 */
export function slicesOf(
  caller: string,
  { arena, start, whole, ...options }: LayoutOptions & { arena: Arena; start: number; whole: boolean },
): BatchSlice[] {
  const { sequences, length } = options.extent;
  const end = (count: number): number => endOf(start, arena, { ...options, extent: { sequences: count, length } });
  const room = Math.min(start + SLICE_BYTES, arena.limit);
  const together = end(sequences);
  if (together <= (whole || sequences === 1 ? arena.limit : room)) return [{ first: 0, count: sequences }];
  const fitting = largest(sequences, (count) => end(count) <= (whole ? arena.limit : room));
  if (whole && fitting > 0)
    throw new TooLargeError(
      `${caller}: the activations of ${counted(sequences, 'sequence')} of ${counted(length, 'token')} take ${sizeText(together)}, this memory has ${sizeText(arena.limit)}, and a hook sees all sequences at once; run at most ${fitting} at a time.`,
    );
  const size = Math.max(1, fitting);
  if (fitting === 0 && end(1) > arena.limit)
    throw new TooLargeError(tooLong(caller, { ...options, arena, start }, end(1)));
  const parts = Math.ceil(sequences / size);
  const count = Math.ceil(sequences / parts); // as even as can be: another size is planned anew
  return Array.from({ length: Math.ceil(sequences / count) }, (_, i) => ({
    first: i * count,
    count: Math.min(count, sequences - i * count),
  }));
}

function tooLong(
  caller: string,
  { arena, start, ...options }: LayoutOptions & { arena: Arena; start: number },
  needed: number,
): string {
  const { length } = options.extent;
  const fits = largest(
    length,
    (l) => endOf(start, arena, { ...options, extent: { sequences: 1, length: l } }) <= arena.limit,
  );
  const square = length * length * arena.floatBytes;
  const remedy = fits > 0 ? `use at most ${counted(fits, 'token')}` : 'use a smaller model';
  return `${caller}: one sequence of ${counted(length, 'token')} takes ${sizeText(needed)}, of which each head's pattern is ${sizeText(square)}, and this memory has ${sizeText(arena.limit)}; ${remedy}.`;
}

/** The largest whole number up to `most` for which `fits` holds, or 0; it holds up to some number and not beyond. */
function largest(most: number, fits: (n: number) => boolean): number {
  let [low, high] = [0, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Throws a TooLargeError with the number where the logits, losses and named activations of a run are too much to hold. */
export function checkOutputs(
  config: ModelConfig,
  {
    caller,
    extent,
    names,
    plan,
    returns,
    floatBytes,
  }: {
    caller: string;
    extent: Extent;
    names: readonly string[];
    plan: PlanOptions;
    returns: Returns;
    floatBytes: number;
  },
): void {
  const { sequences, length } = extent;
  const sizeOf = (name: string): number => sizePerPosition(config, { axes: axesIn(config, name, plan) }, length);
  const logits = returns === 'logits' ? config.dVocab : 0;
  const perToken = logits + 1 + names.reduce((sum, name) => sum + sizeOf(name), 0);
  const bytes = sequences * length * perToken * floatBytes;
  if (bytes <= MOST_GIVEN_BACK) return;
  const what = [...(logits > 0 ? ['logits'] : []), ...(names.length > 0 ? ['kept activations'] : [])].join(' and ');
  throw new TooLargeError(
    `${caller}: the ${what} of ${counted(sequences, 'sequence')} of ${counted(length, 'token')} take ${sizeText(bytes)}, and a run gives back at most ${sizeText(MOST_GIVEN_BACK)}; run fewer sequences${names.length > 1 ? ' or keep fewer activations' : ''} at a time.`,
  );
}

const FitOptions = z.strictObject({
  sequences: z.optional(z.int().check(z.minimum(1))),
  everything: z.optional(z.boolean()),
  engine: z.optional(must('be an engine', (engine) => typeof (engine as Engine | null)?.memory?.limit === 'number')),
});

/**
 * The longest length, at most nCtx, at which so many `sequences` (1) of a model run together and every head\'s pattern can
 * be kept of each; 0 where not even one token fits. With `everything`, gradients, each head\'s results and per-head inputs
 * fit too, as path attribution and removals from inputs need them. The memory is `engine`\'s, or 4 GiB of float32, where WebAssembly\'s addresses end.
 * @returns Tokens.
 * @throws an ArgumentError for what is no config or no engine.
 */
export function longestRunnable(
  config: ModelConfig,
  options: { sequences?: number; everything?: boolean; engine?: Engine } = {},
): number {
  checkArgument('longestRunnable', 'options', FitOptions, options);
  const { sequences = 1, everything = false } = options;
  const engine = options.engine ?? planOnly;
  const complete = modelConfig(config);
  const arena = Arena.withoutMemory(engine.memory.floatBytes);
  const weights = new Parameters(complete, arena);
  const layers = Array.from({ length: everything ? complete.nLayers : 0 }, (_, layer) => layer);
  const plan = { gradients: everything, results: layers, splitInputs: layers };
  const patterns = complete.nLayers * complete.nHeads * engine.memory.floatBytes;
  // One pattern of each sequence must fit: a bound that keeps sizes in whole numbers, however long the context.
  const bound = Math.floor(Math.sqrt(engine.memory.limit / engine.memory.floatBytes / sequences));
  return largest(Math.min(complete.nCtx, bound), (length) => {
    const end = endOf(arena.used, arena, { config: complete, engine, weights, extent: { sequences, length }, plan });
    return end <= engine.memory.limit && sequences * length * length * patterns <= MOST_GIVEN_BACK;
  });
}

/**
 * What a model and one run of `sequences` of `length` tokens take in its memory; with `gradients` the gradients of all weights and
 * activations too.
 * @returns Bytes.
 */
export function memoryNeeded(
  config: ModelConfig,
  { sequences, length, gradients = false }: { sequences: number; length: number; gradients?: boolean },
): number {
  const complete = modelConfig(config);
  const arena = Arena.withoutMemory(planOnly.memory.floatBytes);
  const weights = new Parameters(complete, arena);
  const plan = { gradients, results: [], splitInputs: [] };
  return endOf(arena.used, arena, { config: complete, engine: planOnly, weights, extent: { sequences, length }, plan });
}
