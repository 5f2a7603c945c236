// Attention's kernels against the float64 loops, on every build. Lengths around the bands of 5 and 6 queries in which the
// kernels work, since each band sees only the keys up to its last query.
import { describe, expect, test } from 'vitest';
import { distance } from '../../../test/support/golden.ts';
import { expectAgreement, Kit, SIZES, type Sizes, WASM_ENGINES } from '../../../test/support/kit.ts';
import { referenceEngine } from '../engine.ts';
import type { Tensor } from '../tensor.ts';

const SUMS = 1e-6;
const banded = (length: number): Sizes => ({ ...SIZES.primes!, sequences: 2, nHeads: 3, length });
const cases = Object.entries(WASM_ENGINES).flatMap(([label, engine]) =>
  Object.entries({
    ...SIZES,
    ...Object.fromEntries([2, 5, 6, 7, 12, 13, 31].map((length) => [`length ${length}`, banded(length)])),
  }).map(([name, sizes]) => ({ label, engine, name, sizes })),
);

/** A pattern as the program computes it: scores of q and k, then their softmax. */
function patternOf(kit: Kit): Tensor {
  const [q, k, scores] = [kit.heads(), kit.heads(), kit.square()];
  kit.ops.attentionScores(q, k, scores);
  kit.ops.causalSoftmax(scores);
  return scores;
}

describe.for(cases)('$label, $name', ({ engine, sizes }) => {
  const { length, dHead, sequences } = sizes;
  const agree = (steps: Parameters<typeof expectAgreement>[2]): void => expectAgreement(engine, sizes, steps, SUMS);
  const isFuture = (i: number): boolean => i % length > Math.floor(i / length) % length;

  test('attentionScores, −∞ exactly above the diagonal', () =>
    agree((kit) => {
      const [q, k, scores] = [kit.heads(), kit.heads(), kit.square()];
      kit.ops.attentionScores(q, k, scores);
      const values = scores.toArray();
      values.forEach((x, i) => {
        if ((x === Number.NEGATIVE_INFINITY) !== isFuture(i)) throw new Error(`score ${i} is ${x}`);
      });
      return { values }; // their padding is masked too; the softmax, in the same memory, makes it zero
    }));

  test('causalSoftmax: zeros above the diagonal, rows that sum to 1', () =>
    agree((kit) => {
      const pattern = patternOf(kit);
      const values = pattern.toArray();
      for (let row = 0; row < values.length / length; row++) {
        const shares = [...values.subarray(row * length, (row + 1) * length)];
        expect(Math.abs(shares.reduce((sum, x) => sum + x, 0) - 1)).toBeLessThan(1e-6);
      }
      expect(values.every((x, i) => (isFuture(i) ? x === 0 : x > 0))).toBe(true);
      return { pattern };
    }));

  test('causalSoftmaxBackward with its factor', () =>
    agree((kit) => {
      const [pattern, dPattern] = [patternOf(kit), kit.square()];
      kit.ops.causalSoftmaxBackward(pattern, dPattern, 0.3);
      return { dScores: causal(dPattern) };
    }));

  test('attentionMix and attentionMixBackward', () =>
    agree((kit) => {
      const [pattern, v, z, dz] = [patternOf(kit), kit.heads(), kit.heads(), kit.heads()];
      const [dPattern, dv] = [kit.square(), kit.heads()];
      kit.ops.attentionMix(pattern, v, z);
      kit.ops.attentionMixBackward(pattern, v, dz, dPattern, dv);
      return { z, dv, dPattern: causal(dPattern) };
    }));

  test('the whole backward pass of attention, from z to q, k and v', () =>
    agree((kit) => {
      const [pattern, v, dz, dPattern, dv] = [patternOf(kit), kit.heads(), kit.heads(), kit.square(), kit.heads()];
      const [q, k, dq, dk] = [kit.heads(), kit.heads(), kit.heads(), kit.heads()];
      kit.ops.attentionMixBackward(pattern, v, dz, dPattern, dv);
      kit.ops.causalSoftmaxBackward(pattern, dPattern, 1 / sizes.attnScale);
      kit.ops.attentionScoresBackward(dPattern, q, k, dq, dk);
      return { dv, dq, dk };
    }));

  /** Entries above the diagonal mean nothing in gradients, and backends differ there. */
  const causal = (square: Tensor): Float64Array => Float64Array.from(square.toArray(), (x, i) => (isFuture(i) ? 0 : x));

  const halves = [...new Set([Math.floor(dHead / 2), Math.floor(dHead / 4)])].filter((half) => half > 0);
  test.for(halves)('rotary forward and backward with %i pairs, also in place', (half) =>
    agree((kit) => {
      const [tables, positions] = [kit.angles(half), kit.indices(sequences * length, length)];
      const [input, forward, backward, inPlace] = [kit.heads(), kit.heads(), kit.heads(), kit.heads()];
      kit.ops.rotary(input, forward, positions, tables, 1);
      kit.ops.rotary(input, backward, positions, tables, -1);
      kit.ops.rotary(inPlace, inPlace, positions, tables, 1);
      const back = kit.heads();
      kit.ops.rotary(forward, back, positions, tables, -1);
      expect(distance(back.toArray(), input.toArray())).toBeLessThan(SUMS);
      return { forward, backward, inPlace };
    }),
  );
});

describe.for([['reference', referenceEngine] as const, ...Object.entries(WASM_ENGINES)])('%s', ([, engine]) => {
  test('scores of ±10000 give shares, not NaN', () => {
    const kit = new Kit(engine, SIZES.primes!);
    const [q, k, scores] = [kit.heads(), kit.heads(), kit.square()];
    kit.ops.scale(q, 1e4);
    kit.ops.attentionScores(q, k, scores);
    expect(Math.max(...scores.toArray())).toBeGreaterThan(1e4);
    kit.ops.causalSoftmax(scores);
    const pattern = scores.toArray();
    expect(pattern.every((share) => share >= 0 && share <= 1 + 1e-6)).toBe(true);
    for (let row = 0; row < pattern.length / 11; row++) {
      const sum = [...pattern.subarray(row * 11, row * 11 + 11)].reduce((total, x) => total + x, 0);
      expect(Math.abs(sum - 1)).toBeLessThan(1e-6);
    }
  });
});
