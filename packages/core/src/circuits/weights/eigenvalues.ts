// Eigenvalues of a real matrix: balancing, Householder's reduction to Hessenberg form, and Francis's double-shift QR
// (EISPACK's balanc, orthes and hqr). Written out, because it must end: ml-matrix iterates without a bound.

/** A complex number. */
export interface Complex {
  /** The real part. */
  readonly re: number;
  /** The imaginary part. */
  readonly im: number;
}

/** Rows of a matrix, changed in place. */
type Rows = Float64Array[];

/** QR steps for one eigenvalue; three are usual, and a matrix that takes thirty is rare. */
const MOST_STEPS = 300;
/** Every so many steps without an eigenvalue the shift is an exceptional one. */
const EXCEPTIONAL = 10;
/** Sweeps of the balancing; it settles in a handful. */
const MOST_SWEEPS = 100;

/** The eigenvalues of a square matrix of finite numbers, given by rows, in no order. Throws an Error when QR does not settle. */
export function eigenvaluesOf(matrix: readonly ArrayLike<number>[]): Complex[] {
  const rows = matrix.map((row) => Float64Array.from(row));
  balance(rows);
  reduce(rows);
  return iterate(rows);
}

/** Scales rows and columns by powers of two until both norms are alike: a similarity that costs no precision. */
function balance(a: Rows): void {
  const n = a.length;
  for (let sweep = 0, changed = true; changed && sweep < MOST_SWEEPS; sweep++) {
    changed = false;
    for (let i = 0; i < n; i++) {
      let [row, column] = [0, 0];
      for (let j = 0; j < n; j++) {
        if (j === i) continue;
        column += Math.abs(a[j]![i]!);
        row += Math.abs(a[i]![j]!);
      }
      if (row === 0 || column === 0) continue;
      const before = row + column;
      // Half of the exponent by which they differ, kept where a power of two is exact.
      const power = Math.max(-500, Math.min(500, Math.round(Math.log2(row / column) / 2)));
      const factor = 2 ** power;
      if (row / factor + column * factor >= 0.95 * before) continue;
      changed = true;
      for (let j = 0; j < n; j++) a[i]![j]! /= factor;
      for (let j = 0; j < n; j++) a[j]![i]! *= factor;
    }
  }
}

/** To upper Hessenberg form by Householder's reflections. */
function reduce(a: Rows): void {
  const n = a.length;
  const v = new Float64Array(n);
  for (let m = 1; m < n - 1; m++) {
    let scale = 0;
    for (let i = m; i < n; i++) scale += Math.abs(a[i]![m - 1]!);
    if (scale === 0) continue;
    let h = 0;
    for (let i = m; i < n; i++) {
      v[i] = a[i]![m - 1]! / scale;
      h += v[i]! * v[i]!;
    }
    const g = v[m]! > 0 ? -Math.sqrt(h) : Math.sqrt(h);
    h -= v[m]! * g;
    v[m]! -= g;
    for (let j = m - 1; j < n; j++) {
      let f = 0;
      for (let i = m; i < n; i++) f += v[i]! * a[i]![j]!;
      f /= h;
      for (let i = m; i < n; i++) a[i]![j]! -= f * v[i]!;
    }
    for (const row of a) {
      let f = 0;
      for (let j = m; j < n; j++) f += v[j]! * row[j]!;
      f /= h;
      for (let j = m; j < n; j++) row[j]! -= f * v[j]!;
    }
    for (let i = m + 1; i < n; i++) a[i]![m - 1] = 0;
  }
}

/** Deflates one or two eigenvalues at a time from the end of a Hessenberg matrix. */
function iterate(a: Rows): Complex[] {
  const found: Complex[] = [];
  const norm = a.reduce((sum, row) => row.reduce((s, x) => s + Math.abs(x), sum), 0);
  let last = a.length - 1;
  let shifted = 0;
  let steps = 0;
  while (last >= 0) {
    const first = smallSubdiagonal(a, last, norm);
    if (first === last) {
      found.push({ re: a[last]![last]! + shifted, im: 0 });
      last -= 1;
      steps = 0;
      continue;
    }
    let x = a[last]![last]!;
    let y = a[last - 1]![last - 1]!;
    let w = a[last]![last - 1]! * a[last - 1]![last]!;
    if (first === last - 1) {
      found.push(...ofTwoByTwo({ x, y, w, shifted }));
      last -= 2;
      steps = 0;
      continue;
    }
    if (steps === MOST_STEPS) throw new Error(`eigenvaluesOf: QR has not settled after ${MOST_STEPS} steps.`);
    if (steps > 0 && steps % EXCEPTIONAL === 0) {
      shifted += x;
      for (let i = 0; i <= last; i++) a[i]![i]! -= x;
      const s = Math.abs(a[last]![last - 1]!) + Math.abs(a[last - 1]![last - 2]!);
      x = 0.75 * s;
      y = x;
      w = -0.4375 * s * s;
    }
    steps++;
    doubleStep(a, { first, last, x, y, w });
  }
  return found;
}

/** Where the active block begins: behind the last subdiagonal entry that is nothing beside its neighbours. */
function smallSubdiagonal(a: Rows, last: number, norm: number): number {
  for (let l = last; l >= 1; l--) {
    const s = Math.abs(a[l - 1]![l - 1]!) + Math.abs(a[l]![l]!) || norm;
    if (Math.abs(a[l]![l - 1]!) + s === s) {
      a[l]![l - 1] = 0;
      return l;
    }
  }
  return 0;
}

function ofTwoByTwo({ x, y, w, shifted }: { x: number; y: number; w: number; shifted: number }): [Complex, Complex] {
  const p = (y - x) / 2;
  const q = p * p + w;
  const root = Math.sqrt(Math.abs(q));
  const at = x + shifted;
  if (q < 0)
    return [
      { re: at + p, im: root },
      { re: at + p, im: -root },
    ];
  const z = p + (p >= 0 ? root : -root);
  return [
    { re: at + z, im: 0 },
    { re: z === 0 ? at : at - w / z, im: 0 },
  ];
}

interface Step {
  readonly first: number;
  readonly last: number;
  readonly x: number;
  readonly y: number;
  readonly w: number;
}

/** One double QR step on rows and columns first … last, implicit shifts given by x + y and xy − w. */
function doubleStep(a: Rows, { first, last, x: shiftX, y: shiftY, w }: Step): void {
  let [p, q, r] = [0, 0, 0];
  let m = last - 2;
  for (; m >= first; m--) {
    const z = a[m]![m]!;
    const [fromX, fromY] = [shiftX - z, shiftY - z];
    p = (fromX * fromY - w) / a[m + 1]![m]! + a[m]![m + 1]!;
    q = a[m + 1]![m + 1]! - z - fromX - fromY;
    r = a[m + 2]![m + 1]!;
    const s = Math.abs(p) + Math.abs(q) + Math.abs(r) || 1;
    p /= s;
    q /= s;
    r /= s;
    if (m === first) break;
    const u = Math.abs(a[m]![m - 1]!) * (Math.abs(q) + Math.abs(r));
    const v = Math.abs(p) * (Math.abs(a[m - 1]![m - 1]!) + Math.abs(z) + Math.abs(a[m + 1]![m + 1]!));
    if (u + v === v) break;
  }
  for (let i = m + 2; i <= last; i++) {
    a[i]![i - 2] = 0;
    if (i > m + 2) a[i]![i - 3] = 0;
  }
  for (let k = m; k < last; k++) {
    const three = k < last - 1;
    let scale = 1;
    if (k > m) {
      p = a[k]![k - 1]!;
      q = a[k + 1]![k - 1]!;
      r = three ? a[k + 2]![k - 1]! : 0;
      scale = Math.abs(p) + Math.abs(q) + Math.abs(r);
      if (scale !== 0) {
        p /= scale;
        q /= scale;
        r /= scale;
      }
    }
    const length = Math.sqrt(p * p + q * q + r * r);
    if (length === 0) continue;
    const s = p >= 0 ? length : -length;
    if (k > m) a[k]![k - 1] = -s * scale;
    else if (first !== m) a[k]![k - 1] = -a[k]![k - 1]!;
    p += s;
    const [x, y, z] = [p / s, q / s, r / s];
    q /= p;
    r /= p;
    for (let j = k; j <= last; j++) {
      let sum = a[k]![j]! + q * a[k + 1]![j]!;
      if (three) {
        sum += r * a[k + 2]![j]!;
        a[k + 2]![j]! -= sum * z;
      }
      a[k + 1]![j]! -= sum * y;
      a[k]![j]! -= sum * x;
    }
    const end = Math.min(last, k + 3);
    for (let i = first; i <= end; i++) {
      const row = a[i]!;
      let sum = x * row[k]! + y * row[k + 1]!;
      if (three) {
        sum += z * row[k + 2]!;
        row[k + 2]! -= sum * r;
      }
      row[k + 1]! -= sum * q;
      row[k]! -= sum;
    }
  }
}
