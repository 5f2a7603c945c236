// Looks at a model: patterns, predictions, loss and scores, whole or with parts of it broken.
import {
  ablate,
  allHeads,
  exampleTokens,
  guessingLoss,
  headLabel,
  headScores,
  type Intervention,
  longestPeriod,
  type Model,
  type ModelConfig,
  type NamedWeights,
  NotFiniteError,
  parameterCount,
} from '@induction-lab/core/browser';
import { firstDrawn } from '@induction-lab/core/internal';
import { copiesIn, repeatQueries } from '../copying.ts';
import { type HeadBars, type Look, MOST_SEEN, TOP, type View } from '../protocol.ts';

/** The look before anything has been asked for. */
export const START: Look = { period: 25, tokens: null, ablated: [], kind: 'zero', cuts: [], step: null };

/** Sequences whose mean loss is shown; the first of them is the one to be seen. Of a large model there are fewer. */
const LOOK_SEQUENCES = 16;

/** Bytes of patterns and logits that looking at a model may take in this page. */
export const LOOK_BYTES = 200e6;

/** Products that a look may take: a second or two in one thread. */
const LOOK_PRODUCTS = 4e9;

/** A model's config as far as sequences are looked at. */
export const asSeen = (config: ModelConfig): ModelConfig => ({ ...config, nCtx: Math.min(config.nCtx, MOST_SEEN) });

/** Bytes that patterns, logits and their softmax take of one sequence. */
export function lookBytes(config: ModelConfig): number {
  const { nLayers, nHeads, nCtx, dVocab } = asSeen(config);
  return 4 * nCtx * (nLayers * nHeads * nCtx + 2 * dVocab);
}

/** How many sequences a look at this model runs: at least the one that is seen. */
function lookSequences(config: ModelConfig): number {
  const products = asSeen(config).nCtx * parameterCount(config);
  const most = Math.min(LOOK_BYTES / lookBytes(config), LOOK_PRODUCTS / products);
  return Math.max(1, Math.min(LOOK_SEQUENCES, Math.floor(most)));
}

/** A look as this model can take it: heads and paths that it has, and a period of which two copies fit. */
export function fitted(config: ModelConfig, look: Look): Look {
  return {
    ...look,
    period: Math.min(look.period, longestSeen(config)),
    ablated: look.ablated.filter(({ layer, head }) => layer < config.nLayers && head < config.nHeads),
    cuts: config.nLayers < 2 ? [] : look.cuts,
  };
}

/** The interventions that a look asks for; heads and paths that this model does not have are left alone. */
export function interventionsOf(config: ModelConfig, look: Look): Intervention[] {
  const { ablated: heads, cuts: inputs } = fitted(config, look);
  const cuts = inputs.flatMap((input) =>
    allHeads(config)
      .filter(({ layer }) => layer > 0)
      .map((name): Intervention => ({ kind: 'removeFromInput', ...name, input, sources: 'allEarlier' })),
  );
  return [...cuts, ...(heads.length > 0 ? ablate(config, heads, look.kind) : [])];
}

/** The sequences of a fitted look: the one to be seen first, all of one length. */
function sequencesOf(model: ModelConfig, { period, tokens: own }: Look): number[][] {
  const config = asSeen(model);
  return Array.from({ length: lookSequences(model) }, (_, seed) => {
    if (own) return seed === 0 ? [...own] : exampleTokens(config, { period: 0, seed }).slice(0, own.length);
    return exampleTokens(config, { period, seed });
  });
}

/** Queries whose next token induction can know: those of the second copy; in own tokens those where copying is right. */
function countedQueries(look: Look, start: number, tokens: readonly number[]): readonly number[] {
  if (look.tokens) return copiesIn(tokens).right;
  const { from, to } = repeatQueries({ period: look.period, start, length: tokens.length });
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Mean loss of the counted queries: over all sequences, or over the reader's own alone. */
function countedLoss(
  losses: ArrayLike<number>,
  start: number,
  look: Look,
  sequences: readonly number[][],
): number | null {
  const length = sequences[0]!.length;
  const chosen = look.tokens ? sequences.slice(0, 1) : sequences;
  let sum = 0;
  let count = 0;
  chosen.forEach((tokens, s) => {
    for (const query of countedQueries(look, start, tokens)) {
      sum += losses[s * (length - 1) + query] as number;
      count++;
    }
  });
  return count === 0 ? null : sum / count;
}

/**
 * What a look shows of a model; `known` is what has been found out already about the weights that it has now. Throws a
 * NotFiniteError where the outputs overflow.
 */
export function lookAt(model: Model, asked: Look, known: Pick<View, 'step' | 'bars' | 'chance' | 'fingerprint'>): View {
  const { config } = model;
  const look = fitted(config, asked);
  const sequences = sequencesOf(config, look);
  const tokens = sequences[0] as number[];
  const length = tokens.length;
  const start = firstDrawn(config);
  const interventions = interventionsOf(config, look);
  const names = 'blocks.*.attn.hook_pattern';
  const run = model.runWithInterventions(sequences, interventions, { names });
  const lossRepeat = countedLoss(run.lossPerPosition, start, look, sequences);
  const patterns = firstPatterns(config, (name) => run.cache.get(name).data, length, sequences.length);
  const top = topPredictions(run.logits, tokens, config.dVocab);
  const lossRepeatIntact =
    interventions.length === 0 ? lossRepeat : countedLoss(model.run(sequences).lossPerPosition, start, look, sequences);
  const quiet = exampleTokens(asSeen(config), { period: 0, seed: 0 }).slice(0, length);
  const others = sequences
    .slice(1)
    .map((_, i) => exampleTokens(asSeen(config), { period: 0, seed: i + 1 }).slice(0, length));
  // Means and resamples need other sequences beside the one that is shown.
  const controls = look.kind === 'mean' || look.kind === 'resample' ? [quiet, ...others] : [quiet];
  const still = model.runWithInterventions(controls, interventions, { names });
  const control = firstPatterns(config, (name) => still.cache.get(name).data, length, controls.length);
  refuseOverflow([top.topShares, patterns, control, [lossRepeat ?? 0, lossRepeatIntact ?? 0]], known.step);
  return {
    ...known,
    look,
    nLayers: config.nLayers,
    nHeads: config.nHeads,
    period: look.tokens ? 0 : look.period,
    start,
    tokens,
    patterns,
    control,
    ...top,
    lossRepeat,
    lossRepeatIntact,
    broken: interventions.length > 0,
    lnVocab: guessingLoss(config),
  };
}

/** The loss that `lookAt` shows of a period of the probe. Throws a NotFiniteError where the outputs overflow. */
export function lossAt(model: Model, asked: Look, period: number): number {
  const { config } = model;
  const look: Look = { ...asked, tokens: null, period };
  const sequences = sequencesOf(config, look);
  const { lossPerPosition } = model.runWithInterventions(sequences, interventionsOf(config, asked), {});
  const loss = countedLoss(lossPerPosition, firstDrawn(config), look, sequences) as number;
  refuseOverflow([[loss]], asked.step ?? 0);
  return loss;
}

/** The longest period of the probe. */
export const longestSeen = (config: ModelConfig): number => longestPeriod(asSeen(config));

/** No number is shown that is none. */
function refuseOverflow(numbers: readonly (Float32Array | number[])[], step: number): void {
  const finite = (x: number): boolean => Number.isFinite(x);
  if (numbers.every((some) => some.every(finite))) return;
  throw new NotFiniteError(`The outputs of this model at step ${step} are not finite numbers: its weights overflow.`);
}

/** The patterns of the first of several sequences: [layer × head][queryPos][keyPos]. */
function firstPatterns(
  config: ModelConfig,
  read: (name: string) => ArrayLike<number>,
  length: number,
  sequences: number,
): Float32Array {
  const perLayer = config.nHeads * length * length;
  const out = new Float32Array(config.nLayers * perLayer);
  for (let layer = 0; layer < config.nLayers; layer++) {
    const data = read(`blocks.${layer}.attn.hook_pattern`) as Float32Array;
    if (data.length !== sequences * perLayer) throw new Error(`lookAt: layer ${layer} has ${data.length} weights.`);
    out.set(data.subarray(0, perLayer), layer * perLayer);
  }
  return out;
}

/** Softmax of the first sequence's logits: the most probable next tokens, and what the true one was given. */
function topPredictions(
  logits: ArrayLike<number>,
  tokens: readonly number[],
  dVocab: number,
): Pick<View, 'topTokens' | 'topShares' | 'truth'> {
  const length = tokens.length;
  const topTokens = new Int32Array(length * TOP);
  const topShares = new Float32Array(length * TOP);
  const truth = new Float32Array(Math.max(0, length - 1));
  const shares = new Float64Array(dVocab);
  for (let t = 0; t < length; t++) {
    let highest = Number.NEGATIVE_INFINITY;
    for (let v = 0; v < dVocab; v++) highest = Math.max(highest, logits[t * dVocab + v] as number);
    let sum = 0;
    for (let v = 0; v < dVocab; v++) {
      shares[v] = Math.exp((logits[t * dVocab + v] as number) - highest);
      sum += shares[v]!;
    }
    for (let v = 0; v < dVocab; v++) shares[v]! /= sum;
    if (t < length - 1) truth[t] = shares[tokens[t + 1] as number] as number;
    const order = Array.from(shares.keys()).sort((a, b) => shares[b]! - shares[a]!);
    for (let i = 0; i < Math.min(TOP, dVocab); i++) {
      topTokens[t * TOP + i] = order[i] as number;
      topShares[t * TOP + i] = shares[order[i] as number] as number;
    }
  }
  return { topTokens, topShares, truth };
}

/** Live scores of all heads on a few sequences. */
export function barsOf(model: Model, sequences: number): Pick<View, 'bars' | 'chance'> {
  const { heads, chance } = headScores(model, { sequences, mostPeriods: 3 });
  const bars = heads.map(
    (h): HeadBars => ({
      layer: h.layer,
      head: h.head,
      label: headLabel(h.layer, h.head),
      previousToken: h.previousToken.value,
      induction: h.inductionStripe.value,
      control: h.inductionStripeControl.value,
      excess: h.inductionExcess.value,
      offset: h.positionalOffset.aboveChance,
    }),
  );
  return { bars, chance: { previousToken: chance.previousToken, induction: chance.inductionStripe } };
}

/** Eight hexadecimal digits of the weights' bits (FNV-1a over words of 32 bits): equal weights have equal fingerprints. */
export function fingerprintOf(weights: NamedWeights | Iterable<NamedWeights[string]>): string {
  let hash = 0x811c9dc5;
  const all = Symbol.iterator in weights ? weights : Object.values(weights);
  for (const { data } of all as Iterable<NamedWeights[string]>) {
    const words = new Uint32Array(Float32Array.from(data).buffer);
    for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
