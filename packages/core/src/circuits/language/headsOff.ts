// What is left of a measure when some heads are off, beside as many random heads of the same layers.
import * as z from 'zod/mini';
import type { ModelConfig } from '../../model/config.ts';
import { type HeadIndex, headsOf, labelOf, sameHead } from '../../model/heads.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { shuffled } from '../../random/shuffled.ts';
import { ANALYSIS_STREAMS, STREAMS } from '../../random/streams.ts';
import { ablate } from '../causal/ablation.ts';
import { checkOptions, headSchema, seedSchema } from '../checks.ts';
import type { PromptSet } from '../data/promptSet.ts';
import { type Estimate, estimate, mean } from '../statistics/estimate.ts';

/** A measure without some heads, beside random ones. */
export interface HeadsOff {
  /** Those that were off: z set to zero. */
  readonly heads: readonly string[];
  /** The measure as the model is, and without them. */
  readonly clean: Estimate;
  readonly without: Estimate;
  /** Random heads in their place: so many of each layer, never those themselves. */
  readonly random: readonly { readonly heads: readonly string[]; readonly without: number }[];
  /** Over the random draws; its interval is over draws. */
  readonly randomMean: Estimate;
  /** How many of the heads in each draw are of another layer, because their own has no others left. */
  readonly ofOtherLayers: number;
}

/** So many random sets are drawn. */
export const RANDOM_DRAWS = 10;

const schema = z.strictObject({ heads: z.array(headSchema).check(z.minLength(1)), seed: z.optional(seedSchema) });

/**
 * Measures a set with heads off. Throws a NotFiniteError where a loss is not finite.
 * @param options.seed Seed of the random draws.
 */
export function headsOff(set: PromptSet, options: { heads: readonly HeadIndex[]; seed?: number }): HeadsOff {
  checkOptions('headsOff', schema, options);
  const { heads, seed = 0 } = options;
  const { config } = set.model;
  const off = (chosen: readonly HeadIndex[]): Float64Array => set.measured(ablate(config, chosen, 'zero'));
  const without = estimate(off(heads));
  const draws = randomHeads(config, heads, seed);
  const random = draws.map((chosen) => ({ heads: chosen.map(labelOf), without: mean(off(chosen)) }));
  return {
    heads: heads.map(labelOf),
    clean: estimate(set.clean),
    without,
    random,
    randomMean: estimate(random.map((draw) => draw.without)),
    ofOtherLayers: heads.length - sharesOfLayers(config, heads).reduce((sum, { own }) => sum + own, 0),
  };
}

/** Runs over the set that `headsOff` takes. */
export const HEADS_OFF_RUNS: number = 1 + RANDOM_DRAWS;

/** How many heads of each layer can be drawn in place of those. */
function sharesOfLayers(config: ModelConfig, heads: readonly HeadIndex[]): { layer: number; own: number }[] {
  return Array.from({ length: config.nLayers }, (_, layer) => {
    const taken = heads.filter((head) => head.layer === layer).length;
    return { layer, own: Math.min(taken, config.nHeads - taken) };
  });
}

/**
 * Sets of random heads, as many of each layer as the given ones have there and none of those; where a layer has too few others,
 * the rest comes from all layers. No set where there are no others at all.
 */
export function randomHeads(config: ModelConfig, heads: readonly HeadIndex[], seed: number): HeadIndex[][] {
  const others = Array.from({ length: config.nLayers }, (_, layer) =>
    headsOf(config, layer).filter((head) => !heads.some((taken) => sameHead(taken, head))),
  );
  if (others.flat().length < heads.length) return [];
  return Array.from({ length: RANDOM_DRAWS }, (_, draw) => {
    const random = new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.randomHeads, draw);
    const shuffle = <T>(list: readonly T[]): T[] => shuffled(list.length, random).map((i) => list[i] as T);
    const chosen = sharesOfLayers(config, heads).flatMap(({ layer, own }) => shuffle(others[layer]!).slice(0, own));
    const rest = shuffle(others.flat().filter((head) => !chosen.some((taken) => sameHead(taken, head))));
    return [...chosen, ...rest.slice(0, heads.length - chosen.length)];
  });
}
