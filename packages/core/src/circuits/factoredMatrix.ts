// A product of two thin matrices kept in factors, as circuits are: W_QK = W_Q W_Kᵀ, W_OV = W_V W_O. Named and used as
// TransformerLens's FactoredMatrix; decompositions come from ml-matrix.
import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from 'ml-matrix';

/** A complex number. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** A·B with A [rows, inner] and B [inner, columns], float64. Immutable. */
export class FactoredMatrix {
  readonly A: Matrix;
  readonly B: Matrix;

  /** Throws a RangeError when the inner sizes differ. */
  constructor(A: Matrix, B: Matrix) {
    if (A.columns !== B.rows)
      throw new RangeError(
        `FactoredMatrix: A is [${A.rows}, ${A.columns}] and B is [${B.rows}, ${B.columns}]; the inner sizes must agree.`,
      );
    this.A = A;
    this.B = B;
  }

  get rows(): number {
    return this.A.rows;
  }

  get columns(): number {
    return this.B.columns;
  }

  /** The product itself, [rows, columns]. */
  dense(): Matrix {
    return this.A.mmul(this.B);
  }

  transpose(): FactoredMatrix {
    return new FactoredMatrix(this.B.transpose(), this.A.transpose());
  }

  /** this · right, the shorter inner side kept. */
  multiply(right: Matrix | FactoredMatrix): FactoredMatrix {
    if (!(right instanceof FactoredMatrix)) return new FactoredMatrix(this.A, this.B.mmul(right));
    const middle = this.B.mmul(right.A);
    return middle.rows <= middle.columns
      ? new FactoredMatrix(this.A, middle.mmul(right.B))
      : new FactoredMatrix(this.A.mmul(middle), right.B);
  }

  /** left · this. */
  multiplyLeft(left: Matrix): FactoredMatrix {
    return new FactoredMatrix(left.mmul(this.A), this.B);
  }

  /** Frobenius norm, from the inner matrices: ‖AB‖² = tr(AᵀA · BBᵀ). */
  norm(): number {
    const left = this.A.transpose().mmul(this.A);
    const right = this.B.mmul(this.B.transpose());
    let trace = 0;
    for (let i = 0; i < left.rows; i++)
      for (let j = 0; j < left.columns; j++) trace += left.get(i, j) * right.get(j, i);
    return Math.sqrt(Math.max(0, trace));
  }

  /** The eigenvalues that are not zero by construction: those of B·A, [inner]. For square products. */
  eigenvalues(): Complex[] {
    if (this.rows !== this.columns)
      throw new RangeError(`FactoredMatrix.eigenvalues: the product is [${this.rows}, ${this.columns}], not square.`);
    const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(this.B.mmul(this.A));
    return realEigenvalues.map((re, i) => ({ re, im: imaginaryEigenvalues[i] as number }));
  }

  /** Singular value decomposition U·diag(S)·Vᵀ of the product: U [rows, inner], S descending [inner], V [columns, inner]. */
  svd(): { U: Matrix; S: number[]; V: Matrix } {
    const a = thinSvd(this.A);
    const b = thinSvd(this.B);
    const middle = thinSvd(Matrix.diag(a.S).mmul(a.V.transpose()).mmul(b.U).mmul(Matrix.diag(b.S)));
    return { U: a.U.mmul(middle.U), S: middle.S, V: b.V.mmul(middle.V) };
  }

  /** Top left n × n entries, for a look. */
  corner(n = 3): number[][] {
    const [rows, columns] = [Math.min(n, this.rows), Math.min(n, this.columns)];
    const left = this.A.subMatrix(0, rows - 1, 0, this.A.columns - 1);
    return left.mmul(this.B.subMatrix(0, this.B.rows - 1, 0, columns - 1)).to2DArray();
  }
}

function thinSvd(matrix: Matrix): { U: Matrix; S: number[]; V: Matrix } {
  const { leftSingularVectors, diagonal, rightSingularVectors } = new SingularValueDecomposition(matrix, {
    autoTranspose: true,
  });
  const rank = Math.min(matrix.rows, matrix.columns);
  const first = (m: Matrix): Matrix => m.subMatrix(0, m.rows - 1, 0, rank - 1);
  return { U: first(leftSingularVectors), S: diagonal.slice(0, rank), V: first(rightSingularVectors) };
}

export { Matrix };
