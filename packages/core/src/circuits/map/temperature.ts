// Losses at any temperature: what a model knows, apart from how sure of it it is.
import { Model } from '../../model/model.ts';

/** Logits are multiplied by powers of two from 2^−6 to 2^6. */
export const FACTORS: readonly number[] = Array.from({ length: 13 }, (_, p) => 2 ** (p - 6));
/** The factor 1: the logits as they are. */
export const AS_IS = 6;

/**
 * Adds a share of the loss of a target, nats, at each of the factors `to` what is there. Each power of an exponential is the
 * square of the one before it.
 */
export function addLosses(
  logits: ArrayLike<number>,
  target: number,
  { share, to }: { share: number; to: Float64Array },
): void {
  let highest = Number.NEGATIVE_INFINITY;
  for (let t = 0; t < logits.length; t++) highest = Math.max(highest, logits[t] as number);
  const totals = new Float64Array(FACTORS.length);
  for (let t = 0; t < logits.length; t++) {
    let power = Math.exp(((logits[t] as number) - highest) * (FACTORS[0] as number));
    for (let f = 0; f < totals.length && power > 0; f++) {
      totals[f]! += power;
      power *= power;
    }
  }
  const below = highest - (logits[target] as number);
  for (let f = 0; f < totals.length; f++)
    to[f]! += share * (Math.log(totals[f] as number) + (FACTORS[f] as number) * below);
}

/** The factor nearest to 1 whose loss is within `slack` nats of the lowest: its index. */
export function bestFactor(losses: ArrayLike<number>, slack: number): number {
  const lowest = Math.min(...Array.from(losses));
  const order = FACTORS.map((_, f) => f).sort((a, b) => Math.abs(a - AS_IS) - Math.abs(b - AS_IS));
  return order.find((f) => (losses[f] as number) <= lowest + slack) as number;
}

/** The same model with its logits multiplied: attention and everything before the unembedding is the same. */
export function withLogitsTimes(model: Model, factor: number): Model {
  if (factor === 1) return model;
  const scaled = new Model(model.engine, { ...model.config, tied: false });
  const weights = model.getWeights();
  const times = (name: string): void => {
    const found = weights[name];
    if (found) weights[name] = { shape: found.shape, data: Float32Array.from(found.data, (x) => x * factor) };
  };
  if (model.config.tied) {
    const { shape, data } = weights['embed.W_E']!;
    const [rows, columns] = shape as [number, number];
    const transposed = Float32Array.from(
      { length: rows * columns },
      (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!,
    );
    weights['unembed.W_U'] = { shape: [columns, rows], data: transposed };
  }
  times('unembed.W_U');
  times('unembed.b_U');
  scaled.setWeights(weights);
  return scaled;
}
