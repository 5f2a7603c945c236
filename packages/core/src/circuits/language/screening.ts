// Which heads does the copying need, in a model too large to try all: screened by attribution, then measured on what is left.
import * as z from 'zod/mini';
import type { ModelConfig } from '../../model/config.ts';
import { allHeads, type HeadIndex, headLabel, sameHead } from '../../model/heads.ts';
import type { Model } from '../../model/model.ts';
import { checkModel, checkOptions, commonFields } from '../checks.ts';
import { PromptSet } from '../data/promptSet.ts';
import { repeatQueries } from '../data/twoCopies.ts';
import { checkNumbers } from '../finite.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { type Estimate, estimate, estimateRatio } from '../statistics/estimate.ts';
import { drawRepeats, usualPeriod } from './drawRepeats.ts';
import { randomHeads } from './headsOff.ts';

/** A candidate: what attribution said, and what was measured. */
export interface ScreenedHead {
  /** Its label, as in L0H3. */
  readonly label: string;
  /** Its layer, from 0. */
  readonly layer: number;
  /** Its number within the layer, from 0. */
  readonly head: number;
  /** First order: what mean ablation would add to the loss, nats. */
  readonly attributed: number;
  /** What it does add, this head alone. */
  readonly increase: Estimate;
}

/** Of the drop that heads make: the loss with every head mean-ablated minus the model's own. MLPs and embeddings always stay. */
export interface ScreenedCircuit {
  /** Labels of its heads. */
  readonly heads: readonly string[];
  /** Kept with every other head mean-ablated, and lost with only these mean-ablated. */
  readonly kept: Estimate;
  readonly lost: Estimate;
}

/** What the search found, and what it did not search. */
export interface ScreeningRecord {
  readonly loss: Estimate;
  readonly lossWithoutHeads: Estimate;
  /** The candidates, by their measured increase. */
  readonly candidates: readonly ScreenedHead[];
  /** The strongest candidates together: 1, 2, 4 … of them, all of them last. */
  readonly circuits: readonly ScreenedCircuit[];
  /** Sets of random heads of the same layers, as many as the largest circuit has. */
  readonly random: readonly { readonly kept: number; readonly lost: number }[];
  /** What was left out, in words. */
  readonly notSearched: readonly string[];
  /** Length of the block that repeats, in tokens. */
  readonly period: number;
  /** How many sequences were measured. */
  readonly sequences: number;
  /** Seed of the sequences that are drawn. */
  readonly seed: number;
}

/** What is drawn, and how far is searched. */
export interface ScreeningOptions {
  /** Tokens to draw from. */
  readonly tokens: readonly number[];
  /** Heads that are measured, those with the largest attribution; 16 unless told. */
  readonly candidates?: number;
  /** Length of the block that repeats, in tokens. */
  readonly period?: number;
  /** How many sequences were measured. */
  readonly sequences?: number;
  /** Seed of the sequences that are drawn. */
  readonly seed?: number;
  readonly onProgress?: OnProgress;
}

const schema = z.strictObject({
  ...commonFields,
  tokens: z.array(z.int().check(z.gte(0))).check(z.minLength(2)),
  candidates: z.optional(z.int().check(z.gte(1))),
  period: z.optional(z.int().check(z.gte(2))),
});

/** How much is run unless told. */
export const SCREENING = { candidates: 16, sequences: 8 } as const;

/** Runs over all sequences that a screening takes, about: a backward pass counts as three. */
export const screeningRuns = (config: ModelConfig, candidates: number): number =>
  7 + Math.min(candidates, config.nLayers * config.nHeads) + 2 * (Math.ceil(Math.log2(candidates)) + 1) + 2 * 10;

/**
 * Screens all heads by one backward pass, measures the most promising ones and what they make together. Throws an ArgumentError
 * for options that it does not have, a TooSmallError where context or vocabulary are too small, a NotFiniteError where a number is
 * not finite.
 */
export function screenHeads(model: Model, options: ScreeningOptions): ScreeningRecord {
  const caller = 'screenHeads';
  checkModel(caller, model);
  checkOptions(caller, schema, options);
  const { config } = model;
  const { tokens, seed = 0, onProgress } = options;
  const { candidates: most = SCREENING.candidates, sequences = SCREENING.sequences } = options;
  const { period = usualPeriod(config, tokens, 2) } = options;
  const { repeat, place } = drawRepeats({ config, tokens, count: sequences, seed, period });
  const [from, to] = repeatQueries(place);
  const queries = Array.from({ length: to - from }, (_, i) => from + i);
  const progress = new Progress(onProgress, screeningRuns(config, most) * sequences * place.length);
  const set = new PromptSet(model, { prompts: repeat.map((one) => ({ tokens: one, queries })) }, caller);
  const found = set.reporting(progress, () => screened(set, { most, seed }));
  progress.finish();
  return { ...found, period, sequences, seed };
}

function screened(
  set: PromptSet,
  { most, seed }: { most: number; seed: number },
): Omit<ScreeningRecord, 'period' | 'sequences' | 'seed'> {
  const { config } = set.model;
  const all = allHeads(config);
  const attributed = attributeHeads(set);
  const order = all.map((head, i) => ({ ...head, attributed: attributed[i]! }));
  order.sort((a, b) => Math.abs(b.attributed) - Math.abs(a.attributed));
  const withoutHeads = ablated(set, all);
  const drop = withoutHeads.map((x, s) => x - set.clean[s]!);
  const candidates = order
    .slice(0, most)
    .map(
      (one): ScreenedHead => ({
        ...{ label: headLabel(one.layer, one.head), layer: one.layer, head: one.head, attributed: one.attributed },
        increase: estimate(ablated(set, [one]).map((x, s) => x - set.clean[s]!)),
      }),
    )
    .sort((a, b) => b.increase.value - a.increase.value);
  const together = (heads: readonly HeadIndex[]): Omit<ScreenedCircuit, 'heads'> => {
    const others = all.filter((head) => !heads.some((one) => sameHead(one, head)));
    const [alone, without] = [ablated(set, others), ablated(set, heads)];
    return {
      kept: estimateRatio(
        withoutHeads.map((x, s) => x - alone[s]!),
        drop,
      ),
      lost: estimateRatio(
        without.map((x, s) => x - set.clean[s]!),
        drop,
      ),
    };
  };
  const useful = candidates.filter(({ increase }) => increase.value > 0);
  const circuits = sizesUpTo(useful.length).map((size) => {
    const heads = useful.slice(0, size);
    return { heads: heads.map(({ label }) => label), ...together(heads) };
  });
  const random = randomHeads(config, useful, seed).map((heads) => {
    const { kept, lost } = together(heads);
    return { kept: kept.value, lost: lost.value };
  });
  return {
    ...{ loss: estimate(set.clean), lossWithoutHeads: estimate(withoutHeads), candidates, circuits },
    random: useful.length === 0 ? [] : random,
    notSearched: notSearched(order, most),
  };
}

/** Each sequence's measure with heads at their mean; as the model is without any. */
const ablated = (set: PromptSet, heads: readonly HeadIndex[]): Float64Array =>
  heads.length === 0 ? set.clean : set.measured(heads.map((head) => set.meanAblate(head)));

/** 1, 2, 4 … and the whole. */
function sizesUpTo(count: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < count; size *= 2) sizes.push(size);
  return count === 0 ? [] : [...sizes, count];
}

function notSearched(order: readonly { attributed: number }[], most: number): string[] {
  const left = order.length - most;
  const strongest = left > 0 ? Math.abs(order[most]!.attributed) : 0;
  return [
    ...(left > 0
      ? [
          `${left.toLocaleString('en')} heads, whose ablation would change the loss by at most ${strongest.toFixed(3)} nats by first order`,
        ]
      : []),
    'edges between heads',
    'MLPs, which always stay as they are',
  ];
}

/** Σ gradient · (mean − z) of each head: what mean ablation adds to the measure, by first order. */
function attributeHeads(set: PromptSet): Float64Array {
  const { config } = set.model;
  const { nLayers, nHeads, dHead } = config;
  const means = allHeads(config).map((head) => (set.meanAblate(head) as { mean: readonly number[] }).mean);
  const names = Array.from({ length: nLayers }, (_, layer) => `blocks.${layer}.attn.hook_z`);
  const found = new Float64Array(nLayers * nHeads);
  for (const slice of set.slices()) {
    const { activationGradients } = set.gradients(slice, { names });
    const { cache } = set.model.runWithCache(slice.tokens, { names });
    const share = slice.sequences.length / set.sequences;
    for (const [layer, name] of names.entries()) {
      const [gradient, z] = [activationGradients.get(name).data, cache.get(name).data];
      for (let i = 0; i < z.length; i++) {
        const head = layer * nHeads + (Math.floor(i / dHead) % nHeads);
        found[head]! += share * (gradient[i] as number) * (means[head]![i % dHead]! - (z[i] as number));
      }
    }
    for (let i = 0; i < 4; i++) set.ran(slice);
  }
  checkNumbers('the attribution of a head is', found);
  return found;
}
