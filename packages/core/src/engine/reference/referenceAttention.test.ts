// Attention's operations in the float64 reference: values worked out by hand, gradients by finite differences.
import { describe, expect, test } from 'vitest';
import { distance } from '../../../test/support/golden.ts';
import { dot, type Kit, numericGradient, referenceKit } from '../../../test/support/kit.ts';
import type { Tensor } from '../tensor.ts';

/** Central differences of float64 sums of a few hundred terms: h² = 1e-10, and rounding 1e-15 / h. */
const GRADIENT = 1e-8;
const NEVER = Number.NEGATIVE_INFINITY;

const values = (tensor: Tensor): number[] => [...tensor.toArray()];

function filled(tensor: Tensor, numbers: readonly number[]): Tensor {
  tensor.set(numbers);
  return tensor;
}

/** One sequence of three positions, two heads of two. */
const tiny = (): Kit =>
  referenceKit({ sequences: 1, length: 3, nHeads: 2, dHead: 2, dModel: 2, dVocab: 3, attnScale: 2 });
/** [pos, head, dHead]: the second head is ten times the first. */
const twoHeads = (rows: readonly [number, number][]): number[] => rows.flatMap(([a, b]) => [a, b, 10 * a, 10 * b]);

describe('values worked out by hand', () => {
  test('attentionScores: products of queries with earlier keys over attnScale, −∞ for later keys', () => {
    const kit = tiny();
    const q = filled(
      kit.heads(),
      twoHeads([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    );
    const k = filled(
      kit.heads(),
      twoHeads([
        [2, 0],
        [0, 2],
        [4, 4],
      ]),
    );
    const scores = kit.square();
    kit.ops.attentionScores(q, k, scores);
    const first = [1, NEVER, NEVER, 3, 4, NEVER, 5, 6, 22];
    expect(values(scores)).toEqual([...first, ...first.map((x) => 100 * x)]);
  });

  test('causalSoftmax: shares of e^score among the keys seen, exact zeros for the others', () => {
    const kit = tiny();
    const [ln2, ln3] = [Math.log(2), Math.log(3)];
    const scores = filled(kit.square(), [
      7,
      NEVER,
      NEVER,
      0,
      ln3,
      NEVER,
      0,
      ln2,
      0,
      0,
      9,
      9,
      1e4,
      -1e4,
      9,
      1e4,
      1e4,
      -1e4,
    ]);
    kit.ops.causalSoftmax(scores);
    const [first, second] = [
      [1, 0, 0, 1 / 4, 3 / 4, 0, 1 / 4, 1 / 2, 1 / 4],
      [1, 0, 0, 1, 0, 0, 1 / 2, 1 / 2, 0],
    ];
    expect(distance(scores.toArray(), [...first!, ...second!])).toBeLessThan(1e-15);
    for (const i of [1, 2, 5, 10, 11, 14]) expect(values(scores)[i]).toBe(0); // also where a hook left finite scores
  });

  test('causalSoftmaxBackward: pattern × (gradient − its mean under the pattern) × factor', () => {
    const kit = tiny();
    const row = [1, 0, 0, 1 / 4, 3 / 4, 0, 1 / 4, 1 / 2, 1 / 4];
    const pattern = filled(kit.square(), [...row, ...row]);
    const dPattern = filled(kit.square(), [5, 9, 9, 1, 5, 9, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    kit.ops.causalSoftmaxBackward(pattern, dPattern, 8);
    // The means are 5; 4; and 5.
    expect(
      values(dPattern)
        .slice(0, 9)
        .map((x) => x + 0),
    ).toEqual([0, 0, 0, -6, 6, 0, -2, 12, -10]);
  });

  test('attentionMix: the values seen, averaged under the pattern', () => {
    const kit = tiny();
    const row = [1, 0, 0, 1 / 4, 3 / 4, 0, 0, 1 / 2, 1 / 2];
    const pattern = filled(kit.square(), [...row, ...row]);
    const v = filled(
      kit.heads(),
      twoHeads([
        [4, 8],
        [8, 4],
        [16, 0],
      ]),
    );
    const z = kit.heads();
    kit.ops.attentionMix(pattern, v, z);
    expect(values(z)).toEqual(
      twoHeads([
        [4, 8],
        [7, 5],
        [12, 2],
      ]),
    );
  });

  test('rotary turns the pairs (i, i + half) by the position’s angle and back; other dimensions stay', () => {
    const kit = referenceKit({ sequences: 1, length: 2, nHeads: 1, dHead: 5 });
    // Pair angles: at position 0 none; at position 1 a quarter turn, and the angle of cosine 0.6 and sine 0.8.
    const layout = { rows: 2, width: 4, shape: [2, 4], strides: [4, 1] };
    const table = filled(kit.arena.tensor('angles', layout), [1, 1, 0, 0, 0, 0.6, 1, 0.8]);
    const q = filled(kit.heads(), [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
    const out = kit.heads();
    const positions = kit.integers([1, 0]); // given by the index, not by the row
    kit.ops.rotary(q, out, positions, { half: 2, table }, 1);
    expect(distance(out.toArray(), [-3, 1.2 - 3.2, 1, 2.4 + 1.6, 5, 1, 2, 3, 4, 5])).toBeLessThan(1e-15);
    kit.ops.rotary(out, out, positions, { half: 2, table }, -1);
    expect(distance(out.toArray(), q.toArray())).toBeLessThan(1e-15);
  });
});

describe('gradients are the finite differences of the values', () => {
  const expectGradient = (got: Tensor, want: Float64Array, name: string): void =>
    expect(distance(got.toArray(), want), name).toBeLessThan(GRADIENT);

  /** Gradients of scores that nobody sees are never read: zero them, as the program does. */
  const causal = (square: Tensor, length: number): Tensor =>
    filled(
      square,
      values(square).map((x, i) => (i % length > Math.floor(i / length) % length ? 0 : x)),
    );

  test('attentionScores: of q and k', () => {
    const kit = referenceKit();
    const { length, attnScale } = kit.sizes;
    const [q, k, scores, weight] = [kit.heads(), kit.heads(), kit.square(), causal(kit.square(), kit.sizes.length)];
    const value = (): number => {
      kit.ops.attentionScores(q, k, scores);
      return dot(
        filled(
          scores,
          values(scores).map((x) => (x === NEVER ? 0 : x)),
        ),
        weight,
      );
    };
    const [wantQ, wantK] = [numericGradient(q, value), numericGradient(k, value)];
    const [dq, dk] = [kit.heads(), kit.heads()];
    kit.ops.scale(causal(weight, length), 1 / attnScale); // the operation takes gradients already divided
    kit.ops.attentionScoresBackward(weight, q, k, dq, dk);
    expectGradient(dq, wantQ, 'dq');
    expectGradient(dk, wantK, 'dk');
  });

  test('causalSoftmax: of the scores, times the factor', () => {
    const kit = referenceKit();
    const { length } = kit.sizes;
    const [scores, pattern, weight] = [kit.square(), kit.square(), causal(kit.square(), kit.sizes.length)];
    const value = (): number => {
      kit.ops.causalSoftmax(filled(pattern, values(scores)));
      return dot(pattern, weight);
    };
    const want = numericGradient(scores, value);
    value();
    kit.ops.causalSoftmaxBackward(pattern, weight, 0.3);
    expectGradient(
      causal(weight, length),
      want.map((slope) => 0.3 * slope),
      'dScores',
    );
  });

  test('attentionMix: of the pattern and of v', () => {
    const kit = referenceKit();
    const [pattern, v, z, dz] = [causal(kit.square(), kit.sizes.length), kit.heads(), kit.heads(), kit.heads()];
    const value = (): number => {
      kit.ops.attentionMix(pattern, v, z);
      return dot(z, dz);
    };
    const [wantPattern, wantV] = [numericGradient(pattern, value), numericGradient(v, value)];
    const [dPattern, dv] = [kit.square(), kit.heads()];
    kit.ops.attentionMixBackward(pattern, v, dz, dPattern, dv);
    expectGradient(dPattern, wantPattern, 'dPattern');
    expectGradient(dv, wantV, 'dv');
  });

  test.for([3, 2])('rotary with %i pairs: direction −1', (half) => {
    const kit = referenceKit();
    const { sequences, length } = kit.sizes;
    const [q, out, weight, dq] = [kit.heads(), kit.heads(), kit.heads(), kit.heads()];
    const [tables, positions] = [kit.angles(half), kit.indices(sequences * length, length)];
    const want = numericGradient(q, () => {
      kit.ops.rotary(q, out, positions, tables, 1);
      return dot(out, weight);
    });
    kit.ops.rotary(weight, dq, positions, tables, -1);
    expectGradient(dq, want, 'dq');
  });
});
