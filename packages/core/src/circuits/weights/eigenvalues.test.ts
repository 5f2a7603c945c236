import { describe, expect, test } from 'vitest';
import { NotFiniteError } from '../../errors/notFinite.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { eigenvaluesOf } from './eigenvalues.ts';
import { FactoredMatrix, Matrix } from './factoredMatrix.ts';
import { thinSvd } from './singularValues.ts';

const random = new RandomStream(5);
const drawn = (size: number): number[][] =>
  Array.from({ length: size }, () => Array.from({ length: size }, () => random.normal()));

const trace = (a: readonly number[][]): number => a.reduce((sum, row, i) => sum + row[i]!, 0);
const squared = (a: readonly number[][]): number[][] =>
  new Matrix(a as number[][]).mmul(new Matrix(a as number[][])).to2DArray();

describe('eigenvalues', () => {
  test.for([1, 2, 3, 7, 31])(
    'of a random matrix of %i rows have its trace and that of its square, in conjugate pairs',
    (size) => {
      const a = drawn(size);
      const found = eigenvaluesOf(a);
      expect(found).toHaveLength(size);
      expect(found.reduce((sum, { re }) => sum + re, 0)).toBeCloseTo(trace(a), 9);
      expect(found.reduce((sum, { re, im }) => sum + re * re - im * im, 0)).toBeCloseTo(trace(squared(a)), 8);
      expect(found.reduce((sum, { im }) => sum + im, 0)).toBeCloseTo(0, 9);
    },
  );

  test('are known ones: a companion matrix, a permutation, a defective block, zeros', () => {
    const roots = eigenvaluesOf([
      [6, -11, 6],
      [1, 0, 0],
      [0, 1, 0],
    ]).map(({ re }) => re);
    for (const [i, root] of roots.sort().entries()) expect(root).toBeCloseTo(i + 1, 9);
    const turn = eigenvaluesOf([
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
      [1, 0, 0, 0],
    ]);
    for (const { re, im } of turn) expect(Math.hypot(re, im)).toBeCloseTo(1, 9);
    for (const { re } of eigenvaluesOf([
      [2, 1],
      [0, 2],
    ]))
      expect(re).toBeCloseTo(2, 7);
    expect(
      eigenvaluesOf([
        [0, 0],
        [0, 0],
      ]),
    ).toEqual([
      { re: 0, im: 0 },
      { re: 0, im: 0 },
    ]);
  });

  test('are found where rows differ by three hundred orders of magnitude', () => {
    const a = drawn(6).map((row, i) => row.map((x, j) => x * 10 ** (50 * (i - j))));
    for (const { re, im } of eigenvaluesOf(a)) {
      expect(Number.isFinite(re) && Number.isFinite(im)).toBe(true);
      expect(Math.hypot(re, im)).toBeLessThan(10);
    }
  });
});

describe('singular values', () => {
  test('of a matrix of less than full rank have orthonormal vectors all the same', () => {
    const a = new Matrix([
      [1, 2, 3],
      [2, 4, 6],
      [0, 0, 0],
      [1, 2, 3],
    ]);
    for (const matrix of [a, a.transpose(), Matrix.zeros(4, 3)]) {
      const { U, S, V } = thinSvd(matrix);
      expect(Matrix.sub(U.mmul(Matrix.diag(S)).mmul(V.transpose()), matrix).norm()).toBeLessThan(1e-12);
      expect(Matrix.sub(U.transpose().mmul(U), Matrix.eye(3)).norm()).toBeLessThan(1e-12);
      expect(Matrix.sub(V.transpose().mmul(V), Matrix.eye(3)).norm()).toBeLessThan(1e-12);
      expect(S.slice(1).every((s) => Math.abs(s) < 1e-12)).toBe(true);
    }
  });
});

test('a matrix that is not finite is refused, where a solver would never end', () => {
  for (const wrong of [Number.NaN, Infinity]) {
    const product = new FactoredMatrix(
      new Matrix([
        [1, wrong],
        [0, 1],
      ]),
      Matrix.eye(2),
    );
    for (const solve of [() => product.eigenvalues(), () => product.svd(), () => product.norm(), () => product.dense()])
      expect(solve).toThrow(NotFiniteError);
  }
});

test('large and small products have the norm and values of their scale', () => {
  const product = new FactoredMatrix(new Matrix(drawn(3)), new Matrix(drawn(3)));
  const large = new FactoredMatrix(Matrix.mul(product.A, 2 ** 300), Matrix.mul(product.B, 2 ** 300));
  expect(large.norm()).toBe(product.norm() * 2 ** 600);
  expect(large.svd().S).toEqual(product.svd().S.map((s) => s * 2 ** 600));
  expect(large.eigenvalues()).toEqual(
    product.eigenvalues().map(({ re, im }) => ({ re: re * 2 ** 600, im: im * 2 ** 600 })),
  );
});
