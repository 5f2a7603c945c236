// Integrals by Gauss and Legendre: few points, exact for polynomials of twice the degree, denser towards both ends.

/** A point of the integral from 0 to 1, and its weight; the weights add up to 1. */
export interface IntegrationPoint {
  readonly at: number;
  readonly weight: number;
}

/** The `n` points at which a polynomial of degree 2n − 1 is integrated exactly from 0 to 1, in order. */
export function gaussLegendre(n: number): IntegrationPoint[] {
  return Array.from({ length: n }, (_, i) => {
    // The i-th root of the Legendre polynomial P_n on [−1, 1], by Newton's method from where it nearly is.
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    for (let step = 0; step < 10; step++) {
      const { value, slope } = legendre(n, x);
      x -= value / slope;
    }
    const { slope } = legendre(n, x);
    return { at: (1 + x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
  });
}

/** P_n and its derivative inside of (−1, 1), by recurrence. */
function legendre(n: number, x: number): { value: number; slope: number } {
  let [before, value] = [1, x];
  for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return { value, slope: (n * (x * value - before)) / (x * x - 1) };
}
