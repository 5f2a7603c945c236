// What an MLP does to each number of its width, and its slope. Names are TransformerLens's.

/** In the order in which the kernels number them (assembly/activations.ts). */
export const ACTIVATIONS = ['relu', 'gelu', 'gelu_new', 'silu'] as const;

/** `relu`; `gelu`, x times the normal distribution's share below x; `gelu_new`, the same by a tanh; `silu`, x · sigmoid(x). */
export type Activation = (typeof ACTIVATIONS)[number];

interface Definition {
  value(x: number): number;
  slope(x: number): number;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** tanh(u) = 2 sigmoid(2u) − 1, so that 0.5 x (1 + tanh(u)) is x · sigmoid(2u). */
const bent = (x: number): number => 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const bend = (x: number): number => 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x ** 2);

/** In float64: what the kernels are held to. */
export const DEFINITIONS: Readonly<Record<Activation, Definition>> = {
  relu: { value: (x) => Math.max(0, x), slope: (x) => (x > 0 ? 1 : 0) },
  gelu: {
    value: (x) => x * normalShare(x),
    slope: (x) => normalShare(x) + x * normalDensity(x),
  },
  gelu_new: {
    value: (x) => x * sigmoid(bent(x)),
    slope: (x) => sigmoid(bent(x)) + x * sigmoid(bent(x)) * sigmoid(-bent(x)) * bend(x),
  },
  silu: { value: (x) => x * sigmoid(x), slope: (x) => sigmoid(x) + x * sigmoid(x) * sigmoid(-x) },
};

const normalDensity = (x: number): number => Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI);

/** From here on the tail's continued fraction has converged; below it the series loses nothing. */
const TAIL = 3;

/**
 * The share of a standard normal distribution below x, 0 to 1: ½ + φ(x) Σ x^(2n+1) / (1 · 3 · … · (2n+1)) near 0, and in the
 * tails φ(x) / (x + 1/(x + 2/(x + 3/…))), so that small shares keep their digits (Abramowitz and Stegun 26.2.11, 26.2.14).
 */
export function normalShare(x: number): number {
  const size = Math.abs(x);
  if (size >= TAIL) {
    let fraction = size;
    for (let n = 150; n > 0; n--) fraction = size + n / fraction;
    const tail = normalDensity(size) / fraction;
    return x < 0 ? tail : 1 - tail;
  }
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= x ** 2 / (2 * n + 1);
    sum += term;
  }
  return 0.5 + normalDensity(x) * sum;
}
