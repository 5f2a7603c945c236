// Transforms that give the same bits in every JavaScript engine: built from + - * / and sqrt, which IEEE 754 fixes,
// and never from Math.log or Math.cos, whose last bits differ between engines.

/** Natural logarithm of a finite positive number; relative error below 1e-15. */
export function exactLog(x: number): number {
  if (!(x > 0 && x < Number.POSITIVE_INFINITY))
    throw new RangeError(`exactLog: expected a finite positive number, got ${x}.`);
  let exponent = 0;
  let m = x;
  while (m > Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  while (m < Math.SQRT1_2) {
    m *= 2;
    exponent--;
  }
  const t = (m - 1) / (m + 1); // ln m = 2 artanh t, |t| < 0.172
  const square = t * t;
  let sum = 0;
  for (let n = 23; n >= 1; n -= 2) sum = sum * square + 1 / n;
  return exponent * Math.LN2 + 2 * t * sum;
}

/** Cosine and sine of 2π·turns; absolute error below 1e-15 for |turns| up to about 1e3. */
export function exactCosSin(turns: number): { cos: number; sin: number } {
  const quarter = Math.round(turns * 4);
  const angle = (turns - quarter / 4) * 2 * Math.PI; // within ±π/4
  const square = angle * angle;
  let cos = 0;
  let sin = 0;
  for (let n = 16; n >= 2; n -= 2) {
    cos = (-square / (n * (n - 1))) * (1 + cos);
    sin = (-square / (n * (n + 1))) * (1 + sin);
  }
  cos += 1;
  sin = angle * (1 + sin);
  const quadrant = ((quarter % 4) + 4) % 4;
  if (quadrant === 0) return { cos, sin };
  if (quadrant === 1) return { cos: -sin, sin: cos };
  if (quadrant === 2) return { cos: -cos, sin: -sin };
  return { cos: sin, sin: -cos };
}

/** e^x; relative error below 1e-14 for |x| < 50, below 1e-13 for |x| < 700. */
export function exactExp(x: number): number {
  const n = Math.round(x / Math.LN2);
  const rest = x - n * Math.LN2;
  let sum = 1;
  for (let i = 18; i >= 1; i--) sum = 1 + (rest / i) * sum;
  let power = 1;
  const factor = n < 0 ? 0.5 : 2;
  for (let i = Math.abs(n); i > 0; i--) power *= factor;
  return sum * power;
}

/** base^exponent for a whole exponent ≥ 0, by repeated multiplication. */
export function exactPower(base: number, exponent: number): number {
  let result = 1;
  for (let square = base, rest = exponent; rest > 0; square *= square, rest = Math.floor(rest / 2))
    if (rest % 2 === 1) result *= square;
  return result;
}
