import { describe, expect, test } from 'vitest';
import { POSITION_OPTIONS, randomModel } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { compositionScores, randomComposition } from './composition.ts';
import { FactoredMatrix, Matrix } from './factoredMatrix.ts';
import { copyingScore, diagonalShare, headCircuits, previousPositionShare } from './headCircuits.ts';
import { WeightCircuits } from './weightCircuits.ts';

const random = new RandomStream(3);
const gaussian = (rows: number, columns: number): Matrix =>
  new Matrix(Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal())));
const difference = (a: Matrix, b: Matrix): number => Matrix.sub(a, b).norm() / b.norm();

describe('a factored matrix', () => {
  const product = new FactoredMatrix(gaussian(11, 3), gaussian(3, 7));
  const dense = product.dense();

  test('has the norm, transpose, products and corner of the dense product', () => {
    const other = new FactoredMatrix(gaussian(7, 5), gaussian(5, 13));
    expect(product.norm()).toBeCloseTo(dense.norm(), 10);
    expect(difference(product.transpose().dense(), dense.transpose())).toBeLessThan(1e-12);
    expect(difference(product.multiply(other).dense(), dense.mmul(other.dense()))).toBeLessThan(1e-12);
    const left = gaussian(2, 11);
    expect(difference(product.multiplyLeft(left).dense(), left.mmul(dense))).toBeLessThan(1e-12);
    expect(product.corner(2)).toEqual([0, 1].map((i) => [0, 1].map((j) => expect.closeTo(dense.get(i, j), 10))));
  });

  test('is put together again from its singular values and vectors, which descend and have length 1', () => {
    const { U, S, V } = product.svd();
    expect(difference(U.mmul(Matrix.diag(S)).mmul(V.transpose()), dense)).toBeLessThan(1e-10);
    expect([...S].sort((a, b) => b - a)).toEqual(S);
    expect(difference(U.transpose().mmul(U), Matrix.eye(3))).toBeLessThan(1e-10);
    expect(difference(V.transpose().mmul(V), Matrix.eye(3))).toBeLessThan(1e-10);
  });

  test('has the eigenvalues of a rotation, complex ones included, and of a known diagonal', () => {
    const rotation = new FactoredMatrix(
      new Matrix([
        [0, -2],
        [2, 0],
        [0, 0],
      ]),
      new Matrix([
        [1, 0, 0],
        [0, 1, 0],
      ]),
    );
    const found = rotation.eigenvalues().sort((a, b) => a.im - b.im);
    expect(found).toEqual([
      { re: expect.closeTo(0, 10), im: expect.closeTo(-2, 10) },
      { re: expect.closeTo(0, 10), im: expect.closeTo(2, 10) },
    ]);
    const diagonal = new FactoredMatrix(Matrix.diag([3, -1]), Matrix.eye(2));
    expect(copyingScore(diagonal)).toBeCloseTo((3 - 1) / 4, 12);
    expect(() => product.eigenvalues()).toThrow(/\[11, 7\], not square/);
    expect(() => new FactoredMatrix(gaussian(2, 3), gaussian(4, 2))).toThrow(/inner sizes must agree/);
  });
});

describe('the hand-built induction model, read off its weights', () => {
  const model = handBuiltInduction(referenceEngine, { dVocab: 13, nCtx: 17 });
  const circuits = new WeightCircuits(model.config, model.getWeights());
  const [previous, induction] = [
    { layer: 0, head: 0 },
    { layer: 1, head: 0 },
  ];

  test('has an induction head that copies every token and a previous-token head that prefers the position before', () => {
    const [L0H0, L0H1, L1H0] = headCircuits(circuits);
    expect(L1H0).toMatchObject({ label: 'L1H0', copying: expect.closeTo(1, 10), copiesTop1: 1 });
    expect(L0H0!.previousPosition).toBe(1);
    expect(L0H1).toMatchObject({ copying: 0 });
    expect(previousPositionShare(circuits.positionalQK(induction)!.dense())).toBeLessThan(0.2);
  });

  test('has a token-match circuit that is 100 on the diagonal and 0 elsewhere', () => {
    const match = circuits.tokenMatch(previous, induction).dense();
    expect(diagonalShare(match)).toBe(1);
    expect(difference(match, Matrix.eye(13).mul(100))).toBeLessThan(1e-12);
  });

  test('K-composes and neither Q- nor V-composes: W_OV¹ writes only where W_K² reads', () => {
    const { scores } = compositionScores(circuits, { draws: 5 });
    const raw = Object.fromEntries(
      scores.filter((s) => s.earlier === 'L0H0' && s.later === 'L1H0').map((s) => [s.kind, s.raw]),
    );
    expect(raw.q).toBe(0);
    expect(raw.v).toBe(0);
    // On paper: W_QK² = 100 Σ_t e_tok(t) (e_prev(t) − 2 e_pos0)ᵀ, W_OV¹ = Σ e_tok(t) e_prev(t)ᵀ, so that W_OV¹ W_QK²ᵀ =
    // 100 Σ e_tok(t) e_tok(t)ᵀ: ratio √13·100 / (√13 · 100·√(13 + 4·13)).
    expect(raw.k).toBeCloseTo(1 / Math.sqrt(13 * 5), 10);
    expect(scores).toHaveLength(2 * 2 * 3);
  });
});

test('random matrices of the usual shapes score what the literature says: 0.125 ± 0.007 for 64 and 16', () => {
  const { mean, deviation } = randomComposition({ dModel: 64, dHead: 16 }, { draws: 60 });
  expect(mean).toBeCloseTo(0.125, 2);
  expect(deviation).toBeGreaterThan(0.002);
  expect(deviation).toBeLessThan(0.012);
});

test('LayerNorm is folded in: adding a constant to what is read changes nothing, and a gain scales it', () => {
  const model = handBuiltInduction(referenceEngine, { dVocab: 5, nCtx: 7 });
  const config = { ...model.config, normalization: 'LN' as const };
  const d = config.dModel;
  const gains = (value: number): object =>
    Object.fromEntries(
      ['blocks.0.ln1', 'blocks.1.ln1', 'ln_final'].flatMap((n) => [
        [`${n}.w`, { shape: [d], data: new Float64Array(d).fill(value) }],
        [`${n}.b`, { shape: [d], data: new Float64Array(d) }],
      ]),
    );
  const [plain, double] = [1, 2].map((g) =>
    new WeightCircuits(config, { ...model.getWeights(), ...gains(g) }).QK({ layer: 1, head: 0 }).dense(),
  );
  const ones = Matrix.ones(1, d);
  expect(ones.mmul(plain!).norm()).toBeLessThan(1e-9);
  expect(difference(double!, Matrix.mul(plain!, 4))).toBeLessThan(1e-12);
});

test.for(POSITION_OPTIONS)(
  'circuits of positions where they are a table, and of tokens always: $label',
  ({ options }) => {
    const model = randomModel(referenceEngine, {
      ...{ nLayers: 2, nHeads: 3, dModel: 7, dHead: 5, nCtx: 11, dVocab: 13 },
      ...options,
    });
    const weights = model.getWeights();
    const circuits = new WeightCircuits(model.config, weights);
    const head = { layer: 1, head: 2 };
    expect(circuits.positionalQK(head)?.rows ?? null).toBe(weights['pos_embed.W_pos'] ? 11 : null);
    expect(headCircuits(circuits)).toHaveLength(6);
    expect(compositionScores(circuits, { draws: 2 }).scores).toHaveLength(3 * 3 * 3);
  },
);
