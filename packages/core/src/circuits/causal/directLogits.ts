// What each writer into the residual stream adds to the logit of one token at one query: direct logit attribution read off a
// direction, which takes no more than a dot product a writer, however large the vocabulary.
import type { ModelConfig } from '../../model/config.ts';
import type { CachedRun, Model } from '../../model/model.ts';
import { checkLosses, checkNumbers } from '../finite.ts';
import { type ResidualWriter, residualWriters } from './residualWriters.ts';

/** A logit to be split. */
export interface LogitAsked {
  readonly query: number;
  readonly token: number;
}

/** A logit above the mean over the vocabulary, as a sum. */
export interface SplitLogit extends LogitAsked {
  /** By writer, in the order of `parts`; with the final norm's scale held. */
  readonly written: readonly number[];
  /** The sum of them: the logit above the mean over the vocabulary. */
  readonly total: number;
}

export interface DirectLogits {
  /** The writers: `embedding`, `positions`, heads, MLPs, `biases`; `layer` is a head's. */
  readonly parts: readonly { readonly part: string; readonly layer: number | null }[];
  readonly logits: readonly SplitLogit[];
}

/** Splits logits of one sequence (TransformerLens: decompose_resid, logit_attrs). Throws a NotFiniteError where a number is not finite. */
export function directLogits(model: Model, tokens: ArrayLike<number>, asked: readonly LogitAsked[]): DirectLogits {
  const run = model.runWithCache([tokens], { names: hooksOfSplit(model.config), returns: 'losses' });
  checkLosses(model, run, { tokens: [tokens] });
  return splitLogits(model, run, asked);
}

/** What must be kept of a run for its logits to be split. */
export function hooksOfSplit(config: ModelConfig): string[] {
  const hooks = residualWriters(config).flatMap(({ hook }) => (hook === null ? [] : [hook]));
  return [...new Set(hooks), ...(config.normalization === null ? [] : ['ln_final.hook_scale'])];
}

/** Splits logits of a run of one sequence. Throws a NotFiniteError where a number is not finite. */
export function splitLogits(model: Model, run: Pick<CachedRun, 'cache'>, asked: readonly LogitAsked[]): DirectLogits {
  const { dModel, nHeads, normalization } = model.config;
  const writers = residualWriters(model.config);
  const scales = normalization !== null ? run.cache.get('ln_final.hook_scale').data : null;
  const directions = new Directions(model);
  const logits = asked.map(({ query, token }): SplitLogit => {
    const { direction, fixed } = directions.of(token);
    const scale = scales?.[query] ?? 1;
    const along = (data: ArrayLike<number>, row: number): number => {
      let sum = 0;
      for (let i = 0; i < dModel; i++) sum += (data[row * dModel + i] as number) * direction[i]!;
      return sum / scale;
    };
    const written = writers.map(({ hook, head }: ResidualWriter) => {
      if (hook === null) return along(directions.outputBias, 0) + fixed;
      return along(run.cache.get(hook).data, head === null ? query : query * nHeads + head);
    });
    checkNumbers(`what is written at query ${query} is`, written);
    return { query, token, written, total: written.reduce((a, b) => a + b, 0) };
  });
  return { parts: writers.map(({ part, layer }) => ({ part, layer })), logits };
}

/** The mean over the vocabulary of W_U, or of its transpose where it is W_E: [dModel]. A large one has tens of millions of numbers. */
function meanOverVocabulary(
  unembed: ArrayLike<number>,
  { dModel, dVocab, tied }: Pick<ModelConfig, 'dModel' | 'dVocab' | 'tied'>,
): Float64Array {
  const mean = new Float64Array(dModel);
  const [outer, inner] = tied ? [dVocab, dModel] : [dModel, dVocab];
  for (let row = 0; row < outer; row++)
    for (let column = 0; column < inner; column++)
      mean[tied ? column : row]! += (unembed[row * inner + column] as number) / dVocab;
  return mean;
}

/** Directions of the residual stream along which a token's logit rises above the mean over the vocabulary. */
class Directions {
  /** Sum over layers of b_O, [dModel]. */
  readonly outputBias: Float64Array;
  private readonly config: ModelConfig;
  private readonly unembed: ArrayLike<number>;
  private readonly gain: ArrayLike<number> | null;
  private readonly shift: ArrayLike<number> | null;
  private readonly b_U: ArrayLike<number> | null;
  /** Of W_U over the vocabulary, [dModel]; and of b_U. */
  private readonly mean: Float64Array;
  private readonly meanBias: number;

  constructor(model: Model) {
    const { config } = model;
    const { dModel, dVocab, nLayers, tied, normalization, biases } = config;
    this.config = config;
    this.unembed = model.getWeight(tied ? 'embed.W_E' : 'unembed.W_U').data;
    this.gain = normalization === null ? null : model.getWeight('ln_final.w').data;
    this.shift = normalization === 'LN' ? model.getWeight('ln_final.b').data : null;
    this.b_U = biases ? model.getWeight('unembed.b_U').data : null;
    this.mean = meanOverVocabulary(this.unembed, { dModel, dVocab, tied });
    this.meanBias = this.b_U ? Array.from(this.b_U).reduce((a, b) => a + b, 0) / dVocab : 0;
    this.outputBias = new Float64Array(dModel);
    for (let layer = 0; biases && layer < nLayers; layer++) {
      const { data } = model.getWeight(`blocks.${layer}.attn.b_O`);
      for (let i = 0; i < dModel; i++) this.outputBias[i]! += data[i] as number;
    }
  }

  /** The direction through the final norm's gain and centring; `fixed` is what its shift and b_U add. */
  of(token: number): { direction: Float64Array; fixed: number } {
    const { gain, shift, b_U } = this;
    const { dModel, normalization } = this.config;
    const raw = this.mean.map((mean, i) => this.at(i, token) - mean);
    const direction = gain ? raw.map((x, i) => x * (gain[i] as number)) : raw;
    if (normalization === 'LN') {
      const middle = direction.reduce((a, b) => a + b, 0) / dModel;
      for (let i = 0; i < dModel; i++) direction[i]! -= middle;
    }
    const bias = b_U ? (b_U[token] as number) - this.meanBias : 0;
    return { direction, fixed: bias + (shift ? raw.reduce((sum, x, i) => sum + x * (shift[i] as number), 0) : 0) };
  }

  private at(i: number, token: number): number {
    const { dModel, dVocab, tied } = this.config;
    return this.unembed[tied ? token * dModel + i : i * dVocab + token] as number;
  }
}
