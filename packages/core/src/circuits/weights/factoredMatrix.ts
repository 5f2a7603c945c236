// A product of two thin matrices kept in factors, as circuits are: W_QK = W_Q W_Kᵀ, W_OV = W_V W_O. Named and used as
// TransformerLens's FactoredMatrix.
import { Matrix } from 'ml-matrix';
import { NotFiniteError } from '../../errors/notFinite.ts';
import { checkInstance } from '../checks.ts';
import { type Complex, eigenvaluesOf } from './eigenvalues.ts';
import { thinSvd } from './singularValues.ts';

export type { Complex } from './eigenvalues.ts';

/** A·B with A [rows, inner] and B [inner, columns], float64. Immutable. */
export class FactoredMatrix {
  readonly A: Matrix;
  readonly B: Matrix;

  /** Throws a RangeError when the inner sizes differ. */
  constructor(A: Matrix, B: Matrix) {
    for (const [what, value] of Object.entries({ A, B })) checkInstance('FactoredMatrix', { what, value }, Matrix);
    if (A.columns !== B.rows)
      throw new RangeError(
        `FactoredMatrix: A is [${A.rows}, ${A.columns}] and B is [${B.rows}, ${B.columns}]; the inner sizes must agree.`,
      );
    this.A = A;
    this.B = B;
  }

  /** Rows of the product. */
  get rows(): number {
    return this.A.rows;
  }

  /** Columns of the product. */
  get columns(): number {
    return this.B.columns;
  }

  /** The product itself, [rows, columns]. Throws a NotFiniteError when an entry overflows float64. */
  dense(): Matrix {
    return this.denseRows(0, this.rows);
  }

  /**
   * Rows from … to − 1 of the product: a large one need not be in memory as a whole.
   * @param from The first row.
   * @param to The end of the rows, which is not one of them.
   */
  denseRows(from: number, to: number): Matrix {
    const rows = from === 0 && to === this.rows ? this.A : this.A.subMatrix(from, to - 1, 0, this.A.columns - 1);
    const product = rows.mmul(this.B);
    largestEntry(product);
    return product;
  }

  /**
   * The same product up to a power of two, both factors with their largest entry in [1, 2): whatever does not depend on
   * scale is computed from it, so that neither large nor small weights over- or underflow. Throws a NotFiniteError when an
   * entry is not finite.
   */
  normalized(): FactoredMatrix {
    return this.scaled().matrix;
  }

  private scaled(): { matrix: FactoredMatrix; exponent: number } {
    const [a, b] = [exponentOf(this.A), exponentOf(this.B)];
    const matrix = new FactoredMatrix(timesPower(this.A, -a), timesPower(this.B, -b));
    return { matrix, exponent: a + b };
  }

  /** The transposed product, with its factors in the other order. */
  transpose(): FactoredMatrix {
    return new FactoredMatrix(this.B.transpose(), this.A.transpose());
  }

  /** this · right, the shorter inner side kept. Throws a RangeError when the sizes do not agree. */
  multiply(right: Matrix | FactoredMatrix): FactoredMatrix {
    if (!(right instanceof FactoredMatrix)) {
      checkInstance('FactoredMatrix.multiply', { what: 'right', value: right }, Matrix);
      agree('multiply', this, right);
      return new FactoredMatrix(this.A, this.B.mmul(right));
    }
    agree('multiply', this, right);
    const middle = this.B.mmul(right.A);
    return middle.rows <= middle.columns
      ? new FactoredMatrix(this.A, middle.mmul(right.B))
      : new FactoredMatrix(this.A.mmul(middle), right.B);
  }

  /** left · this. Throws a RangeError when the sizes do not agree. */
  multiplyLeft(left: Matrix): FactoredMatrix {
    checkInstance('FactoredMatrix.multiplyLeft', { what: 'left', value: left }, Matrix);
    agree('multiplyLeft', left, this);
    return new FactoredMatrix(left.mmul(this.A), this.B);
  }

  /**
   * Frobenius norm, from the inner matrices: ‖AB‖² = tr(AᵀA · BBᵀ). Throws a NotFiniteError when an entry is not finite.
   * @returns The root of the sum of squares of its entries.
   */
  norm(): number {
    const { matrix, exponent } = this.scaled();
    const left = matrix.A.transpose().mmul(matrix.A);
    const right = matrix.B.mmul(matrix.B.transpose());
    let trace = 0;
    for (let i = 0; i < left.rows; i++)
      for (let j = 0; j < left.columns; j++) trace += left.get(i, j) * right.get(j, i);
    return finite('norm', Math.sqrt(Math.max(0, trace)) * 2 ** exponent);
  }

  /**
   * The eigenvalues that are not zero by construction: those of B·A, [inner]. For square products. Throws a NotFiniteError
   * when an entry is not finite.
   */
  eigenvalues(): Complex[] {
    if (this.rows !== this.columns)
      throw new RangeError(`FactoredMatrix.eigenvalues: the product is [${this.rows}, ${this.columns}], not square.`);
    const { matrix, exponent } = this.scaled();
    const scaled = (x: number): number => (x === 0 ? 0 : finite('eigenvalues', x * 2 ** exponent));
    return eigenvaluesOf(matrix.B.mmul(matrix.A).to2DArray()).map(({ re, im }) => ({ re: scaled(re), im: scaled(im) }));
  }

  /**
   * Singular value decomposition U·diag(S)·Vᵀ of the product: U [rows, inner], S descending [inner], V [columns, inner].
   * @returns U, the singular values from the largest on, and V.
   */
  svd(): { U: Matrix; S: number[]; V: Matrix } {
    const { matrix, exponent } = this.scaled();
    const a = thinSvd(matrix.A);
    const b = thinSvd(matrix.B);
    const middle = thinSvd(Matrix.diag(a.S).mmul(a.V.transpose()).mmul(b.U).mmul(Matrix.diag(b.S)));
    return {
      U: a.U.mmul(middle.U),
      S: middle.S.map((s) => (s === 0 ? 0 : finite('svd', s * 2 ** exponent))),
      V: b.V.mmul(middle.V),
    };
  }

  /**
   * Top left n × n entries, for a look.
   * @param n How many rows and columns.
   * @returns [row][column].
   */
  corner(n = 3): number[][] {
    const [rows, columns] = [Math.min(n, this.rows), Math.min(n, this.columns)];
    const left = this.A.subMatrix(0, rows - 1, 0, this.A.columns - 1);
    return left.mmul(this.B.subMatrix(0, this.B.rows - 1, 0, columns - 1)).to2DArray();
  }
}

interface Sizes {
  readonly rows: number;
  readonly columns: number;
}

function agree(method: string, left: Sizes, right: Sizes): void {
  if (left.columns !== right.rows)
    throw new RangeError(
      `FactoredMatrix.${method}: [${left.rows}, ${left.columns}] times [${right.rows}, ${right.columns}] is no product; the inner sizes must agree.`,
    );
}

/** The same number. Throws a NotFiniteError when it overflows float64. */
function finite(method: string, x: number): number {
  if (!Number.isFinite(x))
    throw new NotFiniteError(
      `FactoredMatrix.${method}: the result is beyond what float64 holds; use weights of ordinary size.`,
    );
  return x;
}

/** The largest absolute value of a matrix. Throws a NotFiniteError when an entry is NaN or infinite. */
function largestEntry(matrix: Matrix): number {
  let largest = 0;
  for (let i = 0; i < matrix.rows; i++)
    for (let j = 0; j < matrix.columns; j++) {
      const size = Math.abs(matrix.get(i, j));
      if (!Number.isFinite(size))
        throw new NotFiniteError(
          `FactoredMatrix: row ${i}, column ${j} of a [${matrix.rows}, ${matrix.columns}] matrix is ${matrix.get(i, j)}, so nothing can be computed from it; use finite weights of ordinary size.`,
        );
      if (size > largest) largest = size;
    }
  return largest;
}

/** The exponent e with which the largest entry is in [2^e, 2^(e + 1)), within what a power of two can undo; 0 for zeros. */
function exponentOf(matrix: Matrix): number {
  const largest = largestEntry(matrix);
  return largest === 0 ? 0 : Math.max(-1000, Math.min(1000, Math.floor(Math.log2(largest))));
}

/** matrix · 2^exponent, exactly. */
const timesPower = (matrix: Matrix, exponent: number): Matrix =>
  exponent === 0 ? matrix : Matrix.mul(matrix, 2 ** exponent);

export { Matrix };
