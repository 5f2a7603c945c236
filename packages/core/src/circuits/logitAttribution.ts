// Direct logit attribution: the final residual stream is a sum of what the embedding, the positions and every head wrote
// into it, and so, with the final LayerNorm's scale held, is every logit.
import { headLabel, type ModelConfig } from '../model/config.ts';
import { allHeads } from '../model/interventions.ts';
import type { Model } from '../model/model.ts';
import { type Estimate, estimate } from './estimate.ts';
import type { RepeatSet } from './repeatSet.ts';

/** What one writer adds to the output directly, at the queries that can be predicted. */
export interface DirectEffect {
  /** `embedding`, `positions`, a head's label, or `biases`. */
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
  /** Share of the total that the heads of each layer make; may be negative or above 1. */
  readonly layerShares: readonly number[];
  readonly sequences: number;
}

/** Splits logit and loss of the right token on the repeats of a set (REFERENCE: decompose_resid, logit_attrs). */
export function logitAttribution(set: RepeatSet): LogitAttribution {
  const { config } = set.model;
  const writers = residualWriters(config);
  const sums = writers.map(() => ({ logit: [] as number[], loss: [] as number[] }));
  const total: number[] = [];
  const readOut = new ReadOut(set.model);
  for (const { tokens, queries } of set.batches()) {
    const names = writers.flatMap(({ hook }) => (hook ? [hook] : []));
    const normalized = config.normalization === 'LN' ? ['ln_final.hook_scale'] : [];
    const { cache, logits } = set.model.runWithCache(tokens, { names: [...names, ...normalized] });
    const scales = normalized.length > 0 ? cache.get('ln_final.hook_scale').data : null;
    const length = tokens[0]!.length;
    tokens.forEach((sequence, s) => {
      const [from, to] = queries;
      const logitSums = new Float64Array(writers.length + 1);
      const lossSums = new Float64Array(writers.length);
      for (let q = from; q < to; q++) {
        const row = s * length + q;
        const right = sequence[q + 1] as number;
        const whole = Float64Array.from(logits.subarray(row * config.dVocab, (row + 1) * config.dVocab));
        const clean = crossEntropy(whole, right);
        logitSums[writers.length]! += aboveMean(whole, right);
        writers.forEach((writer, w) => {
          const part = writer.hook
            ? readOut.vector(rowOf(cache.get(writer.hook).data, row, writer, config), scales?.[row] ?? 1)
            : readOut.constant(scales?.[row] ?? 1);
          logitSums[w]! += aboveMean(part, right);
          for (let v = 0; v < part.length; v++) part[v] = whole[v]! - part[v]!;
          lossSums[w]! += crossEntropy(part, right) - clean;
        });
      }
      writers.forEach((_, w) => {
        sums[w]!.logit.push(logitSums[w]! / (to - from));
        sums[w]!.loss.push(lossSums[w]! / (to - from));
      });
      total.push(logitSums[writers.length]! / (to - from));
    });
  }
  const parts = writers.map(
    ({ part, layer }, w): DirectEffect => ({
      part,
      layer,
      logit: estimate(sums[w]!.logit),
      loss: estimate(sums[w]!.loss),
    }),
  );
  const whole = estimate(total);
  const layerShares = Array.from(
    { length: config.nLayers },
    (_, layer) => parts.filter((p) => p.layer === layer).reduce((sum, { logit }) => sum + logit.value, 0) / whole.value,
  );
  return { parts, total: whole, layerShares, sequences: set.sequences };
}

interface Writer {
  readonly part: string;
  readonly layer: number | null;
  readonly head: number | null;
  /** Null for what does not depend on the tokens: the biases. */
  readonly hook: string | null;
}

/** What writes into the residual stream. Shortformer and rotary positions do not. */
function residualWriters(config: ModelConfig): Writer[] {
  const none = { layer: null, head: null };
  const positions = config.positions === 'standard' || config.positions === 'sinusoidal';
  const biases = config.biases || config.normalization === 'LN';
  return [
    { part: 'embedding', hook: 'hook_embed', ...none },
    ...(positions ? [{ part: 'positions', hook: 'hook_pos_embed', ...none }] : []),
    ...allHeads(config).map(({ layer, head }) => ({
      part: headLabel(layer, head),
      layer,
      head,
      hook: `blocks.${layer}.attn.hook_result`,
    })),
    ...(biases ? [{ part: 'biases', hook: null, ...none }] : []),
  ];
}

/** One position's vector of a writer, from [batch, pos, dModel] or [batch, pos, head, dModel]. */
function rowOf(data: ArrayLike<number>, row: number, { head }: Writer, { nHeads, dModel }: ModelConfig): Float64Array {
  const from = (head === null ? row : row * nHeads + head) * dModel;
  return Float64Array.from({ length: dModel }, (_, i) => data[from + i] as number);
}

/** From the residual stream to the logits: final LayerNorm with a given scale, and W_U. */
class ReadOut {
  private readonly config: ModelConfig;
  private readonly gain: ArrayLike<number> | null;
  /** [dModel, dVocab] */
  private readonly W_U: Float64Array;
  /** Sum over layers of b_O, [dModel]. */
  private readonly outputBias: Float64Array;
  /** Logits that come after the LayerNorm's division: its shift through W_U, and b_U. */
  private readonly fixed: Float64Array;

  constructor(model: Model) {
    const { config } = model;
    const { dModel, dVocab, nLayers } = config;
    const weights = model.getWeights();
    const values = (name: string, size: number): ArrayLike<number> => weights[name]?.data ?? new Float64Array(size);
    const unembed = config.tied ? weights['embed.W_E']!.data : weights['unembed.W_U']!.data;
    this.config = config;
    this.gain = config.normalization === 'LN' ? weights['ln_final.w']!.data : null;
    this.W_U = Float64Array.from({ length: dModel * dVocab }, (_, at) => {
      const [i, v] = [Math.floor(at / dVocab), at % dVocab];
      return unembed[config.tied ? v * dModel + i : at] as number;
    });
    this.outputBias = new Float64Array(dModel);
    for (let layer = 0; layer < nLayers; layer++) {
      const b_O = values(`blocks.${layer}.attn.b_O`, dModel);
      for (let i = 0; i < dModel; i++) this.outputBias[i]! += b_O[i]!;
    }
    const shift = config.normalization === 'LN' ? weights['ln_final.b']!.data : new Float64Array(dModel);
    const b_U = values('unembed.b_U', dVocab);
    this.fixed = this.multiply(Float64Array.from(shift as ArrayLike<number>)).map((x, v) => x + b_U[v]!);
  }

  /** Logits of one vector of the residual stream: [dVocab]. */
  vector(x: Float64Array, scale: number): Float64Array {
    if (this.gain) {
      const mean = x.reduce((a, b) => a + b, 0) / x.length;
      for (let i = 0; i < x.length; i++) x[i] = ((x[i]! - mean) / scale) * this.gain[i]!;
    }
    return this.multiply(x);
  }

  /** Logits of the biases. */
  constant(scale: number): Float64Array {
    const logits = this.vector(Float64Array.from(this.outputBias), scale);
    return logits.map((x, v) => x + this.fixed[v]!);
  }

  private multiply(x: Float64Array): Float64Array {
    const { dVocab } = this.config;
    const out = new Float64Array(dVocab);
    for (let i = 0; i < x.length; i++)
      for (let v = 0, at = i * dVocab; v < dVocab; v++, at++) out[v]! += x[i]! * this.W_U[at]!;
    return out;
  }
}

function aboveMean(logits: Float64Array, token: number): number {
  let sum = 0;
  for (const x of logits) sum += x;
  return logits[token]! - sum / logits.length;
}

function crossEntropy(logits: Float64Array, token: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const x of logits) if (x > largest) largest = x;
  let sum = 0;
  for (const x of logits) sum += Math.exp(x - largest);
  return Math.log(sum) + largest - logits[token]!;
}
