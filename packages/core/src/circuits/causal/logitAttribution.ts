// Direct logit attribution: the final residual stream is a sum of what the embedding, the positions, every head and MLP wrote
// into it, and so, with the final LayerNorm's scale held, is every logit.

import type { Floats } from '../../engine/tensor.ts';
import { ArgumentError } from '../../errors/arguments.ts';
import { MEASURES } from '../../model/measures/builtInMeasures.ts';
import { checkInstance } from '../checks.ts';
import { type Measured, measuredBy } from '../data/measuredBy.ts';
import { PromptSet, type PromptSlice } from '../data/promptSet.ts';
import type { AskedPrompt } from '../data/prompts.ts';
import { checkLosses, checkNumbers } from '../finite.ts';
import { type Estimate, estimate, holdsZero } from '../statistics/estimate.ts';
import { ReadOut } from './readOut.ts';
import { type ResidualWriter, residualWriters } from './residualWriters.ts';

/** What one writer adds to the output directly, at the queries that can be predicted. */
export interface DirectEffect {
  /** `embedding`, `positions`, a head's label, an MLP's (`L0MLP`), or `biases`. */
  readonly part: string;
  /** Layer of a head; null for the rest. */
  readonly layer: number | null;
  /** Added to the logit of the right token, above the mean over the vocabulary or, of `logit-diff`, above the wrong one. */
  readonly logit: Estimate;
  /** Increase of the measure, lossRepeat unless told, without this writer's direct path to the logits; all else as it was. */
  readonly loss: Estimate;
}

export interface LogitAttribution extends Measured {
  readonly parts: readonly DirectEffect[];
  /** Logit of the right token above the mean over the vocabulary, or above the wrong one: the sum of the parts. */
  readonly total: Estimate;
  /**
   * Share of the total that the heads of each layer make; may be negative or above 1. Null where the total's interval
   * holds 0: parts that cancel are no share of their sum.
   */
  readonly layerShares: readonly number[] | null;
  /** How many sequences were measured. */
  readonly sequences: number;
}

/** What the attribution of a set takes, in runs over it, about. */
export const LOGIT_RUNS = 4;

/**
 * Splits the right token's logit at the queries of a set (TransformerLens: decompose_resid, logit_attrs), and measures
 * without each part. Throws a NotFiniteError when a writer's output is not finite.
 */
export function logitAttribution(set: PromptSet): LogitAttribution {
  checkInstance('logitAttribution', { what: 'the set', value: set }, PromptSet);
  const { config } = set.model;
  const writers = residualWriters(config);
  const readOut = new ReadOut(set.model);
  const bySequence = new Array<SequenceEffects>(set.sequences);
  for (const slice of set.slices()) {
    const found = attributeSlice(set, slice, { writers, readOut });
    slice.sequences.forEach((s, i) => {
      bySequence[s] = found[i]!;
    });
    for (let i = 0; i < LOGIT_RUNS; i++) set.ran(slice);
  }
  const parts = writers.map(({ part, layer }, w): DirectEffect => {
    const [logit, loss] = [bySequence.map((s) => s.effects[w]!.logit), bySequence.map((s) => s.effects[w]!.loss)];
    for (const values of [logit, loss]) checkNumbers(`the direct effect of ${part} is`, values);
    return { part, layer, logit: estimate(logit), loss: estimate(loss) };
  });
  const sum = estimate(bySequence.map(({ total }) => total));
  const ofLayer = (layer: number): number =>
    parts.filter((p) => p.layer === layer).reduce((sum, { logit }) => sum + logit.value, 0);
  const layers = Array.from({ length: config.nLayers }, (_, layer) => layer);
  const layerShares = holdsZero(sum) ? null : layers.map((layer) => ofLayer(layer) / sum.value);
  return { parts, total: sum, layerShares, sequences: set.sequences, ...measuredBy(set) };
}

/** Means over the queries of one sequence: of every writer, and of the whole. */
interface SequenceEffects {
  readonly effects: readonly { readonly logit: number; readonly loss: number }[];
  readonly total: number;
}

interface Reading {
  readonly writers: readonly ResidualWriter[];
  readonly readOut: ReadOut;
}

function attributeSlice(
  set: PromptSet,
  { sequences, tokens }: PromptSlice,
  { writers, readOut }: Reading,
): SequenceEffects[] {
  const { model, measure } = set;
  const { nHeads, dVocab, normalization } = model.config;
  const names = writers.flatMap(({ hook }) => (hook ? [hook] : []));
  const normalized = normalization === null ? [] : ['ln_final.hook_scale'];
  const run = model.runWithCache(tokens, { names: [...names, ...normalized] });
  checkLosses(model, run, { tokens });
  const { cache, logits, length } = run;
  const scales = normalized.length > 0 ? cache.get('ln_final.hook_scale').data : null;
  const written = writers.map(({ hook }) => (hook ? cache.get(hook).data : null));
  const against = measure === MEASURES['logit-diff'] ? aboveWrong : aboveMean;
  return sequences.map((sequence, s): SequenceEffects => {
    const { queries, answers, wrong } = checkAnswers(set, sequence);
    const own = logits.subarray(s * length * dVocab, (s + 1) * length * dVocab);
    const rows = queries.map((q) => Float64Array.from(own.subarray(q * dVocab, (q + 1) * dVocab)));
    const meanOver = (of: (query: number) => number): number =>
      queries.reduce((sum, _, i) => sum + of(i), 0) / queries.length;
    const logitAt = (row: Float64Array, i: number): number => against(row, answers[i]!, wrong[i]!);
    const changed = changeOf(set, { sequence, own, rows });
    const effects = writers.map(({ head }, w) => {
      const parts = queries.map((q) => {
        const [row, part] = [s * length + q, new Float64Array(dVocab)];
        const [scale, data] = [scales?.[row] ?? 1, written[w]];
        if (data) readOut.vector(data, { row: head === null ? row : row * nHeads + head, scale, logits: part });
        else readOut.constant(scale, part);
        return part;
      });
      const logit = meanOver((i) => logitAt(parts[i]!, i));
      return { logit, loss: changed(parts) };
    });
    return { effects, total: meanOver((i) => logitAt(rows[i]!, i)) };
  });
}

/** The set's prompt. Throws an ArgumentError for a query whose right answer nobody has told. */
function checkAnswers({ prompts }: PromptSet, sequence: number): AskedPrompt {
  const prompt = prompts[sequence]!;
  const at = prompt.answers.indexOf(-1);
  if (at < 0) return prompt;
  throw new ArgumentError(
    `logitAttribution: sequence ${sequence} has no next token at query ${prompt.queries[at]}, whose logit could be split; give \`answers\`, or leave this query out.`,
  );
}

/** How much the measure of a sequence changes when something is taken out of its logits at the queries: [query][dVocab]. */
function changeOf(
  set: PromptSet,
  { sequence, own, rows }: { sequence: number; own: Floats; rows: readonly Float64Array[] },
): (parts: readonly Float64Array[]) => number {
  const { measure } = set;
  const { tokens, queries, answers, wrong } = set.prompts[sequence]!;
  const { dVocab } = set.model.config;
  const minus = (row: Float64Array, part: Float64Array): Float64Array => row.map((x, v) => x - part[v]!);
  // A built-in measure is a mean over queries, each of which it reads off its own row.
  if (Object.values(MEASURES).some((builtIn) => builtIn === measure)) {
    const at = (logits: Float64Array, i: number): number =>
      measure.value({
        ...{ logits, dVocab, tokens, queries: [0], answers: [answers[i]!] },
        wrong: wrong.length > 0 ? [wrong[i]!] : [],
      });
    const clean = rows.map(at);
    return (parts) => rows.reduce((sum, row, i) => sum + (at(minus(row, parts[i]!), i) - clean[i]!), 0) / rows.length;
  }
  const clean = set.measureLogits(sequence, own);
  return (parts) => {
    const without = Float64Array.from(own);
    queries.forEach((q, i) => void without.set(minus(rows[i]!, parts[i]!), q * dVocab));
    return set.measureLogits(sequence, without) - clean;
  };
}

/** A token's logit above the mean over the vocabulary. */
function aboveMean(logits: Float64Array, token: number): number {
  let sum = 0;
  for (const x of logits) sum += x;
  return logits[token]! - sum / logits.length;
}

const aboveWrong = (logits: Float64Array, token: number, wrong: number): number => logits[token]! - logits[wrong]!;
