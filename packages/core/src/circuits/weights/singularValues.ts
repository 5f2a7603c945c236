// Singular value decomposition by one-sided Jacobi rotations (Hestenes 1958): columns are turned against each other until
// all are orthogonal. It is short, accurate, and ends after a bounded number of sweeps.
import { Matrix } from 'ml-matrix';

/** Sweeps over all pairs of columns; a dozen are plenty. */
const MOST_SWEEPS = 60;

/** Columns are orthogonal when their cosine is below this: a few roundings of float64. */
const ORTHOGONAL = 1e-15;

/** A = U·diag(S)·Vᵀ with S descending: U [rows, rank], S [rank], V [columns, rank], rank the smaller side. */
export interface ThinSvd {
  readonly U: Matrix;
  readonly S: number[];
  readonly V: Matrix;
}

/** The thin decomposition of a matrix of finite numbers. */
export function thinSvd(matrix: Matrix): ThinSvd {
  if (matrix.rows < matrix.columns) {
    const { U, S, V } = thinSvd(matrix.transpose());
    return { U: V, S, V: U };
  }
  const { rows, columns } = matrix;
  const left = columnsOf(matrix);
  const right = columnsOf(Matrix.eye(columns, columns));
  for (let sweep = 0, turned = true; turned && sweep < MOST_SWEEPS; sweep++) {
    turned = false;
    for (let p = 0; p < columns - 1; p++)
      for (let q = p + 1; q < columns; q++) if (orthogonalize([left, right], p, q)) turned = true;
  }
  const norms = left.map((column) => Math.hypot(...column));
  const order = norms.map((_, i) => i).sort((a, b) => norms[b]! - norms[a]!);
  const S = order.map((i) => norms[i] as number);
  const kept: Float64Array[] = [];
  for (const i of order) kept.push(norms[i]! > 0 ? left[i]!.map((x) => x / norms[i]!) : orthogonalTo(kept, rows));
  return {
    U: fromColumns(kept, rows),
    S,
    V: fromColumns(
      order.map((i) => right[i]!),
      columns,
    ),
  };
}

/** Turns columns p and q of the first set until they are orthogonal, and those of the second along. Whether it did. */
function orthogonalize([left, right]: readonly [Float64Array[], Float64Array[]], p: number, q: number): boolean {
  const [a, b] = [left[p]!, left[q]!];
  let [aa, bb, ab] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
    ab += a[i]! * b[i]!;
  }
  if (Math.abs(ab) <= ORTHOGONAL * Math.sqrt(aa) * Math.sqrt(bb)) return false;
  const zeta = (bb - aa) / (2 * ab);
  const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const c = 1 / Math.hypot(1, t);
  const s = c * t;
  for (const set of [left, right]) {
    const [x, y] = [set[p]!, set[q]!];
    for (let i = 0; i < x.length; i++) {
      const [xi, yi] = [x[i]!, y[i]!];
      x[i] = c * xi - s * yi;
      y[i] = s * xi + c * yi;
    }
  }
  return true;
}

/** A unit vector orthogonal to orthonormal ones, of which there are fewer than entries. */
function orthogonalTo(others: readonly Float64Array[], size: number): Float64Array {
  let best = new Float64Array(size);
  let length = 0;
  for (let axis = 0; axis < size && length < 0.5; axis++) {
    const candidate = new Float64Array(size);
    candidate[axis] = 1;
    for (let pass = 0; pass < 2; pass++)
      for (const other of others) {
        const dot = other.reduce((sum, x, i) => sum + x * candidate[i]!, 0);
        for (let i = 0; i < size; i++) candidate[i]! -= dot * other[i]!;
      }
    const norm = Math.hypot(...candidate);
    if (norm > length) [best, length] = [candidate, norm];
  }
  return best.map((x) => x / length);
}

const columnsOf = (matrix: Matrix): Float64Array[] =>
  Array.from({ length: matrix.columns }, (_, j) => Float64Array.from(matrix.getColumn(j)));

function fromColumns(columns: readonly Float64Array[], rows: number): Matrix {
  const matrix = Matrix.zeros(rows, columns.length);
  columns.forEach((column, j) => {
    column.forEach((x, i) => {
      matrix.set(i, j, x);
    });
  });
  return matrix;
}
