// Direct logit attribution: the final residual stream is a sum of what the embedding, the positions and every head wrote
// into it, and so, with the final LayerNorm's scale held, is every logit.
import { headLabel, type ModelConfig } from '../../model/config.ts';
import { allHeads } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { checkInstance } from '../checks.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { checkLosses, checkNumbers } from '../finite.ts';
import { type Estimate, estimate, holdsZero } from '../statistics/estimate.ts';

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
  const sums = writers.map(() => ({ logit: [] as number[], loss: [] as number[] }));
  const total: number[] = [];
  const readOut = new ReadOut(set.model);
  const part = new Float64Array(config.dVocab);
  const whole = new Float64Array(config.dVocab);
  for (const batch of set.batches()) {
    const { tokens, queries } = batch;
    const names = writers.flatMap(({ hook }) => (hook ? [hook] : []));
    const normalized = config.normalization === 'LN' ? ['ln_final.hook_scale'] : [];
    const run = set.model.runWithCache(tokens, { names: [...names, ...normalized] });
    checkLosses(set.model, run, { tokens });
    const { cache, logits } = run;
    const scales = normalized.length > 0 ? cache.get('ln_final.hook_scale').data : null;
    const written = writers.map(({ hook }) => (hook ? cache.get(hook).data : null));
    const length = tokens[0]!.length;
    const [from, to] = queries;
    tokens.forEach((sequence, s) => {
      const logitSums = new Float64Array(writers.length + 1);
      const lossSums = new Float64Array(writers.length);
      for (let q = from; q < to; q++) {
        const row = s * length + q;
        const right = sequence[q + 1] as number;
        const scale = scales?.[row] ?? 1;
        for (let v = 0; v < whole.length; v++) whole[v] = logits[row * config.dVocab + v] as number;
        const clean = crossEntropy(whole, right);
        logitSums[writers.length]! += aboveMean(whole, right);
        writers.forEach(({ head }, w) => {
          const data = written[w];
          if (data) readOut.vector(data, head === null ? row : row * config.nHeads + head, scale, part);
          else readOut.constant(scale, part);
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
    for (let i = 0; i < LOGIT_RUNS; i++) set.ran(batch);
  }
  writers.forEach(({ part: name }, w) => {
    for (const values of [sums[w]!.logit, sums[w]!.loss]) checkNumbers(`the direct effect of ${name} is`, values);
  });
  const parts = writers.map(
    ({ part, layer }, w): DirectEffect => ({
      part,
      layer,
      logit: estimate(sums[w]!.logit),
      loss: estimate(sums[w]!.loss),
    }),
  );
  const sum = estimate(total);
  const ofLayer = (layer: number): number =>
    parts.filter((p) => p.layer === layer).reduce((sum, { logit }) => sum + logit.value, 0);
  const layers = Array.from({ length: config.nLayers }, (_, layer) => layer);
  const layerShares = holdsZero(sum) ? null : layers.map((layer) => ofLayer(layer) / sum.value);
  return { parts, total: sum, layerShares, sequences: set.sequences };
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

/** From the residual stream to the logits: final LayerNorm with a given scale, and W_U. */
class ReadOut {
  private readonly gain: ArrayLike<number> | null;
  /** [dModel, dVocab] */
  private readonly W_U: Float64Array;
  /** Sum over layers of b_O, [dModel]. */
  private readonly outputBias: Float64Array;
  /** Logits that come after the LayerNorm's division: its shift through W_U, and b_U. */
  private readonly fixed: Float64Array;
  /** The vector being read. */
  private readonly x: Float64Array;

  constructor(model: Model) {
    const { config } = model;
    const { dModel, dVocab, nLayers } = config;
    const weights = model.getWeights();
    const values = (name: string, size: number): ArrayLike<number> => weights[name]?.data ?? new Float64Array(size);
    const unembed = config.tied ? weights['embed.W_E']!.data : weights['unembed.W_U']!.data;
    this.gain = config.normalization === 'LN' ? weights['ln_final.w']!.data : null;
    this.W_U = Float64Array.from({ length: dModel * dVocab }, (_, at) => {
      const [i, v] = [Math.floor(at / dVocab), at % dVocab];
      return unembed[config.tied ? v * dModel + i : at] as number;
    });
    this.x = new Float64Array(dModel);
    this.fixed = new Float64Array(dVocab);
    this.outputBias = new Float64Array(dModel);
    for (let layer = 0; layer < nLayers; layer++) {
      const b_O = values(`blocks.${layer}.attn.b_O`, dModel);
      for (let i = 0; i < dModel; i++) this.outputBias[i]! += b_O[i]!;
    }
    const shift = config.normalization === 'LN' ? weights['ln_final.b']!.data : new Float64Array(dModel);
    const b_U = values('unembed.b_U', dVocab);
    for (let i = 0; i < dModel; i++) this.x[i] = shift[i]!;
    this.multiply(this.fixed);
    for (let v = 0; v < dVocab; v++) this.fixed[v]! += b_U[v]!;
  }

  /** Logits of row `row` of what was written, [.., dModel], into `logits`, [dVocab]. */
  vector(written: ArrayLike<number>, row: number, scale: number, logits: Float64Array): void {
    const { x, gain } = this;
    let mean = 0;
    for (let i = 0; i < x.length; i++) {
      x[i] = written[row * x.length + i] as number;
      mean += x[i]! / x.length;
    }
    if (gain) for (let i = 0; i < x.length; i++) x[i] = ((x[i]! - mean) / scale) * gain[i]!;
    this.multiply(logits);
  }

  /** Logits of the biases into `logits`. */
  constant(scale: number, logits: Float64Array): void {
    this.vector(this.outputBias, 0, scale, logits);
    for (let v = 0; v < logits.length; v++) logits[v]! += this.fixed[v]!;
  }

  /** x W_U */
  private multiply(logits: Float64Array): void {
    const { x, W_U } = this;
    logits.fill(0);
    for (let i = 0; i < x.length; i++) {
      const xi = x[i]!;
      for (let v = 0, at = i * logits.length; v < logits.length; v++, at++) logits[v]! += xi * W_U[at]!;
    }
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
