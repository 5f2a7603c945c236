// The circuits that can be read off the weights alone (Elhage et al. 2021). Row vectors: x W_Q. Where the model has
// LayerNorm, its centring and gain are folded into the matrices that read from it; its division by the scale and its
// shift are left out, since they depend on the input or add constants. Weight-space numbers are no proof of use.
import * as z from 'zod/mini';
import { aFunction, checkArgument, must } from '../../errors/arguments.ts';
import { headLabel, type ModelConfig, modelConfig } from '../../model/config.ts';
import { allHeads, checkHead, type HeadIndex } from '../../model/interventions/interventions.ts';
import type { NamedWeights } from '../../model/parameters.ts';
import { checkShapes } from '../../model/weightChecks.ts';
import { checkConfig, checkInstance, checkOptions } from '../checks.ts';
import { checkWeights } from '../finite.ts';
import { LONGEST_ANALYSED } from '../lengths.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { FactoredMatrix, Matrix } from './factoredMatrix.ts';

const namedWeights = z.record(
  z.string(),
  must(
    'have a shape and data, as model.getWeights() gives them',
    (w) => Array.isArray((w as NamedWeights[string] | null)?.shape) && (w as NamedWeights[string]).data !== undefined,
  ),
);

/** The matrices of a model as circuits use them, LayerNorm folded in. */
export class WeightCircuits {
  readonly config: ModelConfig;
  /** [dVocab, dModel] */
  readonly W_E: Matrix;
  /** [dModel, dVocab], with the final LayerNorm folded in. */
  readonly W_U: Matrix;
  /** [nCtx, dModel]; null for rotary positions. */
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
    this.W_pos = config.positions === 'rotary' ? null : this.matrix('pos_embed.W_pos');
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
    const { data } = this.named(`blocks.${name.layer}.attn.W_${part}`);
    const { dModel, dHead } = this.config;
    const [rows, columns] = part === 'O' ? [dHead, dModel] : [dModel, dHead];
    return fromFlat(data, rows, columns, name.head * rows * columns);
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

  /** What a matrix reads through a LayerNorm: centring, then gain, then the matrix. */
  private reading(layerNorm: string, matrix: Matrix): Matrix {
    if (this.config.normalization === null) return matrix;
    const gain = this.named(`${layerNorm}.w`).data;
    const scaled = Matrix.zeros(matrix.rows, matrix.columns);
    for (let j = 0; j < matrix.columns; j++) {
      let mean = 0;
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

/** Share of rows whose largest entry is on the diagonal: top-1 accuracy of copying or matching, 0 to 1. */
export function diagonalShare(matrix: Matrix): number {
  let hits = 0;
  for (let i = 0; i < matrix.rows; i++) if (matrix.maxRowIndex(i)[1] === i) hits++;
  return hits / matrix.rows;
}

/** OV copying (Elhage et al. 2021): Σ Re λ / Σ |λ| over the eigenvalues of a full OV circuit, −1 to 1; 0 for no circuit. */
export function copyingScore(fullOV: FactoredMatrix): number {
  const eigenvalues = fullOV.normalized().eigenvalues();
  const size = eigenvalues.reduce((sum, { re, im }) => sum + Math.hypot(re, im), 0);
  return size === 0 ? 0 : eigenvalues.reduce((sum, { re }) => sum + re, 0) / size;
}

/** Share of query positions p ≥ 1 whose largest positional score over keys 0 … p is at p − 1. */
export function previousPositionShare(positionalQK: Matrix): number {
  let hits = 0;
  for (let p = 1; p < positionalQK.rows; p++) {
    let best = 0;
    for (let k = 1; k <= p; k++) if (positionalQK.get(p, k) > positionalQK.get(p, best)) best = k;
    if (best === p - 1) hits++;
  }
  return hits / (positionalQK.rows - 1);
}

export interface HeadCircuitRecord {
  readonly label: string;
  readonly copying: number;
  /** Share of tokens whose own logit is raised most when the head attends to them. */
  readonly copiesTop1: number;
  /** Share of positions at which the positional circuit alone prefers the one before; null without position vectors. */
  readonly previousPosition: number | null;
}

/** Rows of a product that are in memory at once: few million entries. */
const ENTRIES = 4_000_000;

/** The same of a product that may be too large to be in memory: its rows are taken a block at a time. */
function diagonalShareOf(product: FactoredMatrix, progress: Progress): number {
  const block = Math.max(1, Math.floor(ENTRIES / product.columns));
  let hits = 0;
  for (let from = 0; from < product.rows; from += block) {
    const rows = product.denseRows(from, Math.min(product.rows, from + block));
    for (let i = 0; i < rows.rows; i++) if (rows.maxRowIndex(i)[1] === from + i) hits++;
    progress.add(rows.rows);
  }
  return hits / product.rows;
}

const optionsSchema = z.strictObject({ onProgress: z.optional(aFunction) });

/**
 * What the weights say of every head. Of a context longer than 2048 the first 2048 positions count. Throws a
 * NotFiniteError when a weight is not finite.
 */
export function headCircuits(circuits: WeightCircuits, options: { onProgress?: OnProgress } = {}): HeadCircuitRecord[] {
  checkInstance('headCircuits', { what: 'the circuits', value: circuits }, WeightCircuits);
  checkOptions('headCircuits', optionsSchema, options);
  const { config } = circuits;
  const heads = allHeads(config);
  const progress = new Progress(options.onProgress, heads.length * config.dVocab);
  const positions = Math.min(config.nCtx, LONGEST_ANALYSED);
  const records = heads.map((name) => {
    const fullOV = circuits.fullOV(name);
    const positional = circuits.positionalQK(name);
    return {
      label: headLabel(name.layer, name.head),
      copying: copyingScore(fullOV),
      copiesTop1: diagonalShareOf(fullOV, progress),
      previousPosition: positional && positions > 1 ? previousPositionShare(corner(positional, positions)) : null,
    };
  });
  progress.finish();
  return records;
}

/** The first `size` rows and columns of a product. */
const corner = ({ A, B }: FactoredMatrix, size: number): Matrix =>
  size === A.rows && size === B.columns
    ? new FactoredMatrix(A, B).dense()
    : new FactoredMatrix(A.subMatrix(0, size - 1, 0, A.columns - 1), B.subMatrix(0, B.rows - 1, 0, size - 1)).dense();
