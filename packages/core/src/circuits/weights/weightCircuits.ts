// The circuits that can be read off the weights alone (Elhage et al. 2021). Row vectors: x W_Q. Where the model has
// LayerNorm, its centring and gain (of RMSNorm the gain) are folded into the matrices that read from it; its division by the scale and its
// shift are left out, since they depend on the input or add constants. Weight-space numbers are no proof of use.

import * as z from 'zod/mini';
import { checkArgument, must } from '../../errors/arguments.ts';
import { POSITION_SCHEMES } from '../../model/components/positions/schemes.ts';
import { type ModelConfig, modelConfig } from '../../model/config.ts';
import { checkHead, type HeadIndex, headWeight } from '../../model/heads.ts';
import type { NamedWeights } from '../../model/parameters.ts';
import { checkShapes } from '../../model/weightChecks.ts';
import { checkConfig } from '../checks.ts';
import { checkWeights } from '../finite.ts';
import { FactoredMatrix, Matrix } from './factoredMatrix.ts';

const namedWeights = z.record(
  z.string(),
  must(
    'have a shape and data, as model.getWeights() gives them',
    (w) => Array.isArray((w as NamedWeights[string] | null)?.shape) && (w as NamedWeights[string]).data !== undefined,
  ),
);

/**
 * The matrices of a model as circuits use them, LayerNorm folded in.
 * @example
 * ```ts
 * import { handBuiltInduction, loadEngine, WeightCircuits } from '@induction-lab/core/node';
 *
 * const model = handBuiltInduction(await loadEngine(), { dVocab: 31, nCtx: 24 });
 * const circuits = new WeightCircuits(model.config, model.getWeights());
 * const ov = circuits.fullOV({ layer: 1, head: 0 }); // W_E W_V W_O W_U, [dVocab, dVocab], as factors
 * console.log(ov.rows, ov.columns, ov.dense().trace());
 * ```
 */
export class WeightCircuits {
  readonly config: ModelConfig;
  /** [dVocab, dModel] */
  readonly W_E: Matrix;
  /** [dModel, dVocab], with the final LayerNorm folded in. */
  readonly W_U: Matrix;
  /** [nCtx, dModel]; null where positions are no table: rotary, ALiBi. */
  readonly W_pos: Matrix | null;
  private readonly weights: NamedWeights;
  private readonly checked = new Set<string>();

  /** Throws an ArgumentError for what is no config or no weights, a NotFiniteError when a weight is NaN or infinite. */
  constructor(config: ModelConfig, weights: NamedWeights) {
    checkConfig('WeightCircuits', config);
    checkArgument('WeightCircuits', 'weights', namedWeights, weights);
    checkShapes(modelConfig(config), weights, 'WeightCircuits');
    this.config = config;
    this.weights = weights;
    this.W_E = this.matrix('embed.W_E');
    this.W_pos = POSITION_SCHEMES[config.positions].table ? this.matrix('pos_embed.W_pos') : null;
    const unembed = config.tied ? this.W_E.transpose() : this.matrix('unembed.W_U');
    this.W_U = this.reading('ln_final', unembed);
  }

  /** W_Q W_Kᵀ of a head: [dModel, dModel], from the query's residual stream to the key's. */
  QK(name: HeadIndex): FactoredMatrix {
    return new FactoredMatrix(this.input(name, 'Q'), this.input(name, 'K').transpose());
  }

  /** W_V W_O of a head: [dModel, dModel], from what is attended to, to what is written. */
  OV(name: HeadIndex): FactoredMatrix {
    return new FactoredMatrix(this.input(name, 'V'), this.headMatrix(name, 'O'));
  }

  /** W_E W_QK W_Eᵀ: attention score before scaling of query token × key token, [dVocab, dVocab]. */
  fullQK(name: HeadIndex): FactoredMatrix {
    return this.QK(name).multiplyLeft(this.W_E).multiply(this.W_E.transpose());
  }

  /** W_E W_OV W_U: what attending to a token adds to each logit, [dVocab, dVocab]. */
  fullOV(name: HeadIndex): FactoredMatrix {
    return this.OV(name).multiplyLeft(this.W_E).multiply(this.W_U);
  }

  /**
   * W_pos W_QK W_posᵀ: attention score of query position × key position, [nCtx, nCtx]. Null where positions are not
   * vectors. Shortformer positions are added after the LayerNorm, so nothing is folded in for them.
   */
  positionalQK(name: HeadIndex): FactoredMatrix | null {
    if (!this.W_pos) return null;
    const shortformer = this.config.positions === 'shortformer';
    const [Q, K] = (['Q', 'K'] as const).map((part) =>
      shortformer ? this.headMatrix(name, part) : this.input(name, part),
    );
    return new FactoredMatrix(this.W_pos.mmul(Q as Matrix), (K as Matrix).transpose().mmul(this.W_pos.transpose()));
  }

  /**
   * The token-match circuit of K-composition: W_E W_QK² (W_E W_OV¹)ᵀ, score of the query's token × the token that the
   * earlier head copied to the key, [dVocab, dVocab]. An induction circuit has its largest entries on the diagonal.
   */
  tokenMatch(earlier: HeadIndex, later: HeadIndex): FactoredMatrix {
    const copied = this.OV(earlier).multiplyLeft(this.W_E);
    return this.QK(later).multiplyLeft(this.W_E).multiply(copied.transpose());
  }

  /** W_Q, W_K or W_V of a head with the layer's LayerNorm folded in: [dModel, dHead]. */
  private input(name: HeadIndex, part: 'Q' | 'K' | 'V'): Matrix {
    return this.reading(`blocks.${name.layer}.ln1`, this.headMatrix(name, part));
  }

  private headMatrix(name: HeadIndex, part: 'Q' | 'K' | 'V' | 'O'): Matrix {
    checkHead(this.config, name, 'WeightCircuits');
    const { name: weight, index } = headWeight(this.config, name, part);
    const { data } = this.named(weight);
    const { dModel, dHead } = this.config;
    const [rows, columns] = part === 'O' ? [dHead, dModel] : [dModel, dHead];
    const matrix = fromFlat(data, rows, columns, index * rows * columns);
    return this.config.qkNorm && (part === 'Q' || part === 'K') ? this.withGain(name, part, matrix) : matrix;
  }

  /** W_Q or W_K with the gain of the norm behind it; what that divides by depends on the tokens. */
  private withGain({ layer }: HeadIndex, part: 'Q' | 'K', matrix: Matrix): Matrix {
    return matrix.mulRowVector(Array.from(this.named(`blocks.${layer}.attn.${part.toLowerCase()}_norm.w`).data));
  }

  private matrix(name: string): Matrix {
    const { shape, data } = this.named(name);
    return fromFlat(data, shape[0] as number, shape[1] as number, 0);
  }

  private named(name: string): NamedWeights[string] {
    const found = this.weights[name];
    if (!found) throw new Error(`WeightCircuits: the weights hold no ${name}; pass all of a model's weights.`);
    if (!this.checked.has(name)) checkWeights(name, found.data);
    this.checked.add(name);
    return found;
  }

  /** What a matrix reads through a LayerNorm: centring, then gain, then the matrix; through RMSNorm without centring. */
  private reading(layerNorm: string, matrix: Matrix): Matrix {
    const { normalization } = this.config;
    if (normalization === null) return matrix;
    const gain = this.named(`${layerNorm}.w`).data;
    const scaled = Matrix.zeros(matrix.rows, matrix.columns);
    for (let j = 0; j < matrix.columns; j++) {
      let mean = 0;
      if (normalization === 'LN')
        for (let i = 0; i < matrix.rows; i++) mean += (matrix.get(i, j) * gain[i]!) / matrix.rows;
      for (let i = 0; i < matrix.rows; i++) scaled.set(i, j, matrix.get(i, j) * gain[i]! - mean);
    }
    return scaled;
  }
}

function fromFlat(data: ArrayLike<number>, rows: number, columns: number, from: number): Matrix {
  const matrix = Matrix.zeros(rows, columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) matrix.set(i, j, data[from + i * columns + j]!);
  return matrix;
}
