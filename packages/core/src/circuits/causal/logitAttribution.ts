// Direct logit attribution: the final residual stream is a sum of what the embedding, the positions, every head and MLP wrote
// into it, and so, with the final LayerNorm's scale held, is every logit.
import { checkInstance } from '../checks.ts';
import { type RepeatBatch, RepeatSet } from '../data/repeatSet.ts';
import { checkLosses, checkNumbers } from '../finite.ts';
import { type Estimate, estimate, holdsZero } from '../statistics/estimate.ts';
import { crossEntropy } from './crossEntropy.ts';
import { ReadOut } from './readOut.ts';
import { type ResidualWriter, residualWriters } from './residualWriters.ts';

/** What one writer adds to the output directly, at the queries that can be predicted. */
export interface DirectEffect {
  /** `embedding`, `positions`, a head's label, an MLP's (`L0MLP`), or `biases`. */
  readonly part: string;
  /** Layer of a head; null for the rest. */
  readonly layer: number | null;
  /** Added to the logit of the right token, above the mean over the vocabulary. */
  readonly logit: Estimate;
  /** Increase of lossRepeat without this writer's direct path to the logits, nats; all else as it was. */
  readonly loss: Estimate;
}

export interface LogitAttribution {
  readonly parts: readonly DirectEffect[];
  /** Logit of the right token above the mean over the vocabulary: the sum of the parts. */
  readonly total: Estimate;
  /**
   * Share of the total that the heads of each layer make; may be negative or above 1. Null where the total's interval
   * holds 0: parts that cancel are no share of their sum.
   */
  readonly layerShares: readonly number[] | null;
  readonly sequences: number;
}

/** What the attribution of a set takes, in runs over it, about. */
export const LOGIT_RUNS = 4;

/**
 * Splits logit and loss of the right token on the repeats of a set (REFERENCE: decompose_resid, logit_attrs). Throws a
 * NotFiniteError when a writer's output is not finite.
 */
export function logitAttribution(set: RepeatSet): LogitAttribution {
  checkInstance('logitAttribution', { what: 'the set', value: set }, RepeatSet);
  const { config } = set.model;
  const writers = residualWriters(config);
  const readOut = new ReadOut(set.model);
  const bySequence = set.batches().flatMap((batch) => {
    const found = attributeBatch(set, batch, { writers, readOut });
    for (let i = 0; i < LOGIT_RUNS; i++) set.ran(batch);
    return found;
  });
  const parts = writers.map(({ part, layer }, w): DirectEffect => {
    const [logit, loss] = [bySequence.map((s) => s.logits[w]!), bySequence.map((s) => s.losses[w]!)];
    for (const values of [logit, loss]) checkNumbers(`the direct effect of ${part} is`, values);
    return { part, layer, logit: estimate(logit), loss: estimate(loss) };
  });
  const sum = estimate(bySequence.map(({ total }) => total));
  const ofLayer = (layer: number): number =>
    parts.filter((p) => p.layer === layer).reduce((sum, { logit }) => sum + logit.value, 0);
  const layers = Array.from({ length: config.nLayers }, (_, layer) => layer);
  const layerShares = holdsZero(sum) ? null : layers.map((layer) => ofLayer(layer) / sum.value);
  return { parts, total: sum, layerShares, sequences: set.sequences };
}

/** Means over the queries of one sequence: of every writer, and of the whole. */
interface SequenceEffects {
  readonly logits: Float64Array;
  readonly losses: Float64Array;
  readonly total: number;
}

interface Reading {
  readonly writers: readonly ResidualWriter[];
  readonly readOut: ReadOut;
}

function attributeBatch(
  { model }: RepeatSet,
  { tokens, queries: [from, to] }: RepeatBatch,
  { writers, readOut }: Reading,
): SequenceEffects[] {
  const { nHeads, dVocab, normalization } = model.config;
  const names = writers.flatMap(({ hook }) => (hook ? [hook] : []));
  const normalized = normalization === null ? [] : ['ln_final.hook_scale'];
  const run = model.runWithCache(tokens, { names: [...names, ...normalized] });
  checkLosses(model, run, { tokens });
  const { cache, logits, length } = run;
  const scales = normalized.length > 0 ? cache.get('ln_final.hook_scale').data : null;
  const written = writers.map(({ hook }) => (hook ? cache.get(hook).data : null));
  const part = new Float64Array(dVocab);
  return tokens.map((sequence, s): SequenceEffects => {
    const sums = { logits: new Float64Array(writers.length), losses: new Float64Array(writers.length), total: 0 };
    for (let q = from; q < to; q++) {
      const row = s * length + q;
      const right = sequence[q + 1] as number;
      const scale = scales?.[row] ?? 1;
      const whole = Float64Array.from(logits.subarray(row * dVocab, (row + 1) * dVocab));
      const clean = crossEntropy(whole, right);
      sums.total += aboveMean(whole, right);
      writers.forEach(({ head }, w) => {
        const data = written[w];
        if (data) readOut.vector(data, { row: head === null ? row : row * nHeads + head, scale, logits: part });
        else readOut.constant(scale, part);
        sums.logits[w]! += aboveMean(part, right);
        for (let v = 0; v < part.length; v++) part[v] = whole[v]! - part[v]!;
        sums.losses[w]! += crossEntropy(part, right) - clean;
      });
    }
    const meanOf = (sum: number): number => sum / (to - from);
    return { logits: sums.logits.map(meanOf), losses: sums.losses.map(meanOf), total: meanOf(sums.total) };
  });
}

/** A token's logit above the mean over the vocabulary. */
function aboveMean(logits: Float64Array, token: number): number {
  let sum = 0;
  for (const x of logits) sum += x;
  return logits[token]! - sum / logits.length;
}
