import { Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { NotFiniteError } from '../../errors/notFinite.ts';
import { compositionScore } from './composition.ts';
import { FactoredMatrix } from './factoredMatrix.ts';

const factored = (rows: number, inner: number, columns: number): FactoredMatrix =>
  new FactoredMatrix(Matrix.ones(rows, inner), Matrix.ones(inner, columns));

describe('a product of sizes that do not agree is refused with both shapes, never computed', () => {
  const f = factored(3, 2, 5);
  test.for<[string, () => unknown, RegExp]>([
    ['a matrix on the right', () => f.multiply(Matrix.ones(4, 2)), /multiply: \[3, 5\] times \[4, 2\] is no product/],
    ['factors on the right', () => f.multiply(factored(7, 1, 7)), /\[3, 5\] times \[7, 7\]/],
    ['a matrix on the left', () => f.multiplyLeft(Matrix.ones(1, 2)), /multiplyLeft: \[1, 2\] times \[3, 5\]/],
    ['composition', () => compositionScore(factored(3, 1, 3), factored(5, 1, 5)), /\[3, 3\] times \[5, 5\]/],
    ['a number', () => f.multiply(3 as never), /right must be a .*Matrix, got 3/],
    ['plain matrices', () => compositionScore(Matrix.ones(3, 3) as never, f), /first must be a FactoredMatrix/],
  ])('%s', ([, act, sentence]) => {
    expect(act).toThrow(sentence);
  });
});

test('a result beyond float64 is no number', () => {
  const huge = new FactoredMatrix(new Matrix([[1e308]]), new Matrix([[1e308]]));
  for (const act of [() => huge.norm(), () => huge.eigenvalues(), () => huge.svd(), () => huge.dense()])
    expect(act).toThrow(NotFiniteError);
});
