// From what was written into the residual stream to the logits, linearly.
import type { Model } from '../../model/model.ts';

/** From the residual stream to the logits: final LayerNorm or RMSNorm with a given scale, and W_U. */
export class ReadOut {
  private readonly gain: ArrayLike<number> | null;
  /** Whether the normalisation subtracts the mean. */
  private readonly centred: boolean;
  private readonly eps: number;
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
    this.eps = config.eps;
    const values = (name: string, size: number): ArrayLike<number> => weights[name]?.data ?? new Float64Array(size);
    const unembed = config.tied ? weights['embed.W_E']!.data : weights['unembed.W_U']!.data;
    this.gain = weights['ln_final.w']?.data ?? null;
    this.centred = config.normalization === 'LN';
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
    const shift = values('ln_final.b', dModel);
    const b_U = values('unembed.b_U', dVocab);
    for (let i = 0; i < dModel; i++) this.x[i] = shift[i]!;
    this.multiply(this.fixed);
    for (let v = 0; v < dVocab; v++) this.fixed[v]! += b_U[v]!;
  }

  /** Logits of a row of what was written, [.., dModel], into `logits`, [dVocab]; `scale` is the final LayerNorm's there. */
  vector(
    written: ArrayLike<number>,
    { row, scale, logits }: { row: number; scale: number; logits: Float64Array },
  ): void {
    const { x, gain, centred } = this;
    let mean = 0;
    for (let i = 0; i < x.length; i++) {
      x[i] = written[row * x.length + i] as number;
      if (centred) mean += x[i]! / x.length;
    }
    if (gain) for (let i = 0; i < x.length; i++) x[i] = ((x[i]! - mean) / scale) * gain[i]!;
    this.multiply(logits);
  }

  /**
   * Logits of a row of the whole residual stream, [.., dModel], into `logits`, [dVocab]: the final LayerNorm with that row's
   * own scale √(variance + eps), W_U, and what comes after.
   */
  stream(residual: ArrayLike<number>, { row, logits }: { row: number; logits: Float64Array }): void {
    this.vector(residual, { row, scale: this.gain ? this.scaleOf(residual, row) : 1, logits });
    for (let v = 0; v < logits.length; v++) logits[v]! += this.fixed[v]!;
  }

  private scaleOf(residual: ArrayLike<number>, row: number): number {
    const size = this.x.length;
    let [mean, variance] = [0, 0];
    if (this.centred) for (let i = 0; i < size; i++) mean += (residual[row * size + i] as number) / size;
    for (let i = 0; i < size; i++) variance += ((residual[row * size + i] as number) - mean) ** 2 / size;
    return Math.sqrt(variance + this.eps);
  }

  /** Logits of the biases into `logits`. */
  constant(scale: number, logits: Float64Array): void {
    this.vector(this.outputBias, { row: 0, scale, logits });
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
