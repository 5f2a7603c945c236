// The float64 loops that everything else is checked against: values worked out by hand, gradients by finite differences.
// Attention's operations are in referenceAttention.test.ts.
import { describe, expect, test } from 'vitest';
import { distance } from '../../../test/support/golden.ts';
import { dot, Kit, numericGradient, paddingOf, referenceKit } from '../../../test/support/kit.ts';
import { referenceEngine } from '../engine.ts';
import type { Floats, Tensor } from '../tensor.ts';

/** Central differences of float64 sums of a few hundred terms: h² = 1e-10, and rounding 1e-15 / h. */
const GRADIENT = 1e-8;

const counting = (count: number, first = 1): number[] => Array.from({ length: count }, (_, i) => first + i);
const values = (tensor: Tensor): number[] => [...tensor.toArray()];

function filled(tensor: Tensor, numbers: readonly number[]): Tensor {
  tensor.set(numbers);
  return tensor;
}

/** Three positions of one sequence, vectors of two, one head of two. */
const tiny = (): Kit => referenceKit({ sequences: 1, length: 3, nHeads: 1, dHead: 2, dModel: 2, dVocab: 3 });

describe('values worked out by hand', () => {
  test('add, scale', () => {
    const kit = tiny();
    const [a, b] = [filled(kit.matrix(2, 3), counting(6)), filled(kit.matrix(2, 3), counting(6, 10))];
    kit.ops.add(a, b, b);
    expect(values(b)).toEqual([11, 13, 15, 17, 19, 21]);
    kit.ops.scale(b, -2);
    expect(values(b)).toEqual([-22, -26, -30, -34, -38, -42]);
  });

  test('gatherRows picks rows; scatterAddRows adds them back, repeated ones repeatedly', () => {
    const kit = tiny();
    const table = filled(kit.matrix(5, 2), counting(10));
    const out = kit.matrix(3, 2);
    kit.ops.gatherRows(table, kit.integers([4, 0, 4]), out);
    expect(values(out)).toEqual([9, 10, 1, 2, 9, 10]);
    kit.ops.scatterAddRows(filled(out, [1, 2, 3, 4, 5, 6]), kit.integers([4, 0, 4]), table);
    expect(values(table)).toEqual([4, 6, 3, 4, 5, 6, 7, 8, 15, 18]);
  });

  test('linear, its backward passes, transpose, addColumnSums', () => {
    const kit = tiny();
    const { ops } = kit;
    const x = filled(kit.matrix(2, 3), counting(6));
    const w = filled(kit.matrix(3, 2), counting(6));
    const y = kit.matrix(2, 2);
    ops.linear(x, w, null, y);
    expect(values(y)).toEqual([22, 28, 49, 64]);
    ops.linear(x, w, filled(kit.vector(2), [100, 200]), y);
    expect(values(y)).toEqual([122, 228, 149, 264]);

    const wTransposed = kit.matrix(4, 3);
    ops.transpose(w, wTransposed);
    expect(values(wTransposed)).toEqual([1, 3, 5, 2, 4, 6, 0, 0, 0, 0, 0, 0]);
    const dy = filled(kit.matrix(2, 2), [1, 0, 0, 10]);
    const dx = kit.matrix(2, 3);
    ops.linearBackwardInput(dy, wTransposed.rowRange(0, 2), null, dx);
    expect(values(dx)).toEqual([1, 3, 5, 20, 40, 60]);
    ops.linearBackwardInput(dy, wTransposed.rowRange(0, 2), dx, dx);
    expect(values(dx)).toEqual([2, 6, 10, 40, 80, 120]);
    const dw = filled(kit.matrix(3, 2), [100, 100, 100, 100, 100, 100]);
    ops.linearBackwardWeight(x, dy, dw);
    expect(values(dw)).toEqual([101, 140, 102, 150, 103, 160]);
    const sums = filled(kit.vector(2), [5, 6]);
    ops.addColumnSums(dy, sums);
    expect(values(sums)).toEqual([6, 16]);
  });

  test('layerNorm divides by the root of variance plus eps; layerNormApply takes the scale as it is', () => {
    const kit = tiny();
    const x = filled(kit.matrix(2, 3), [1, 2, 3, 10, 30, 50]);
    const [gain, bias] = [filled(kit.vector(3), [1, 2, 3]), filled(kit.vector(3), [10, 20, 30])];
    const stats = filled(kit.matrix(2, 2), [0, 0, 0, 0]).viewed('', { shape: [2, 2], strides: [2, 1] });
    const normalized = kit.matrix(2, 3);
    kit.ops.layerNorm({ x, gain, bias, stats, normalized, eps: 1 / 3 }); // variances 2/3 and 800/3
    const root = Math.sqrt(801 / 3);
    expect(distance(stats.toArray(), [1, 2, root, 30])).toBeLessThan(1e-15);
    expect(distance(normalized.toArray(), [9, 20, 33, 10 - 20 / root, 20, 30 + 60 / root])).toBeLessThan(1e-15);
    stats.set([4, 1, 10, 0]);
    kit.ops.layerNormApply({ x, gain, bias, stats, normalized });
    expect(distance(normalized.toArray(), [10, 20.5, 31.5, 11, 26, 45])).toBeLessThan(1e-15);
  });

  test('crossEntropy: losses are −log of shares, gradients shares minus what is true; some targets do not count', () => {
    const kit = tiny();
    const [ln2, ln5] = [Math.log(2), Math.log(5)];
    const logits = filled(kit.stream(3), [0, ln2, ln5, 0, ln2, ln5, 0, ln2, ln5]);
    const [losses, dLogits] = [kit.perPosition(), kit.stream(3)];
    kit.ops.crossEntropy(logits, kit.integers([1, -1, -2 - 2]), losses, dLogits, 16);
    expect(distance(losses.toArray(), [Math.log(4), 0, Math.log(8 / 5)])).toBeLessThan(1e-15);
    expect(distance(dLogits.toArray(), [2, -12, 10, 0, 0, 0, 0, 0, 0])).toBeLessThan(1e-15);
  });

  test('crossEntropy stays finite at extreme logits', () => {
    const kit = tiny();
    const logits = filled(kit.stream(3), [1e4, -1e4, 0, 1e4, -1e4, 0, -1e4, -1e4, -1e4]);
    const [losses, dLogits] = [kit.perPosition(), kit.stream(3)];
    kit.ops.crossEntropy(logits, kit.integers([0, 1, 2]), losses, dLogits, 3);
    expect(distance(losses.toArray(), [0, 2e4, Math.log(3)])).toBeLessThan(1e-15);
    expect(distance(dLogits.toArray(), [0, 0, 0, 3, -3, 0, 1, 1, -2])).toBeLessThan(1e-15);
  });

  test('sumShards sums into the first shard, clears the others, and returns the sum of squares of its range', () => {
    const { arena, optimizer } = new Kit(referenceEngine, tiny().sizes);
    const address = arena.bytes(3 * 64);
    const buffers = arena.floats(address, 24);
    buffers.set(counting(24)); // shards of eight floats
    expect(optimizer.sumShards(4, 8, address, 64, 3)).toBe(39 ** 2 + 42 ** 2 + 45 ** 2 + 48 ** 2);
    expect([...buffers.subarray(0, 8)]).toEqual([1, 2, 3, 4, 39, 42, 45, 48]);
    expect([...buffers.subarray(8, 16)]).toEqual([9, 10, 11, 12, 0, 0, 0, 0]);
    expect([...buffers.subarray(16, 24)]).toEqual([17, 18, 19, 20, 0, 0, 0, 0]);
  });

  test('adamw: one step by hand, decay decoupled from the gradient, gradient cleared', () => {
    const { arena, optimizer } = new Kit(referenceEngine, tiny().sizes);
    const [parameters, gradients, m, v] = [1, 2, 3, 4].map(() => arena.bytes(64)) as [number, number, number, number];
    const [p, g] = [arena.floats(parameters, 8), arena.floats(gradients, 8)];
    p.fill(1);
    g.fill(2);
    const rates = { learningRate: 0.1, beta1: 0.5, beta2: 0.75, epsilon: 1, weightDecay: 0.5 };
    const step = { ...rates, correction1: 2, correction2: 4, gradientScale: 0.5 };
    optimizer.adamw(4, 8, { parameters, gradients, m, v }, step);
    // Gradient 1, corrected moments 1 and 1, update 1 / (1 + 1): 1 − 0.1·0.5·1 − 0.1·0.5
    expect(distance(p, [1, 1, 1, 1, 0.9, 0.9, 0.9, 0.9])).toBeLessThan(1e-15);
    expect([...g]).toEqual([2, 2, 2, 2, 0, 0, 0, 0]);
    expect([arena.floats(m, 8)[3], arena.floats(m, 8)[4], arena.floats(v, 8)[4]]).toEqual([0, 0.5, 0.25]);
  });
});

describe('gradients are the finite differences of the values', () => {
  const zero = (tensor: Tensor): Tensor => filled(tensor, new Array<number>(tensor.size).fill(0));
  const expectGradient = (got: Tensor | Floats, want: Float64Array, name: string): void =>
    expect(distance('toArray' in got ? got.toArray() : got, want), name).toBeLessThan(GRADIENT);

  test('gatherRows: scatterAddRows', () => {
    const kit = referenceKit();
    const [table, out, weight] = [kit.matrix(5, 3), kit.matrix(11, 3), kit.matrix(11, 3)];
    const index = kit.indices(11, 5);
    const want = numericGradient(table, () => {
      kit.ops.gatherRows(table, index, out);
      return dot(out, weight);
    });
    kit.ops.scatterAddRows(weight, index, zero(table));
    expectGradient(table, want, 'table');
  });

  test('linear: of the input, the weight and the bias', () => {
    const kit = referenceKit();
    const { ops } = kit;
    const [x, w, bias] = [kit.matrix(3, 11), kit.matrix(11, 7), kit.vector(7)];
    const [y, dy] = [kit.matrix(3, 7), kit.matrix(3, 7)];
    const value = (): number => {
      ops.linear(x, w, bias, y);
      return dot(y, dy);
    };
    const wTransposed = kit.matrix(8, 11);
    ops.transpose(w, wTransposed);
    const dx = kit.matrix(3, 11);
    ops.linearBackwardInput(dy, wTransposed, null, dx);
    expectGradient(dx, numericGradient(x, value), 'dx');
    const [dw, dBias] = [zero(kit.matrix(11, 7)), zero(kit.vector(7))];
    ops.linearBackwardWeight(x, dy, dw);
    expectGradient(dw, numericGradient(w, value), 'dw');
    ops.addColumnSums(dy, dBias);
    expectGradient(dBias, numericGradient(bias, value), 'dBias');
  });

  test('layerNorm: of the input, the gain, the bias, and of the scale with the input held fixed', () => {
    const kit = referenceKit();
    const { ops } = kit;
    const { dModel } = kit.sizes;
    const [x, normalized, weight] = [kit.stream(dModel), kit.stream(dModel), kit.stream(dModel)];
    const [gain, bias, stats] = [kit.vector(dModel), kit.vector(dModel), kit.moments()];
    const value = (): number => {
      ops.layerNorm({ x, gain, bias, stats, normalized, eps: 0.01 });
      return dot(normalized, weight);
    };
    const want = {
      x: numericGradient(x, value),
      gain: numericGradient(gain, value),
      bias: numericGradient(bias, value),
    };
    value();
    const ofStats = numericGradient(stats, () => {
      ops.layerNormApply({ x, gain, bias, stats, normalized });
      return dot(normalized, weight);
    });
    const [init, dx, dStats] = [kit.stream(dModel), kit.stream(dModel), kit.moments()];
    const [dGain, dBias] = [zero(kit.vector(dModel)), zero(kit.vector(dModel))];
    ops.layerNormBackward({ x, gain, stats, dNormalized: weight, init: null, dx, dGain, dBias, dStats });
    expectGradient(dx, want.x, 'dx');
    expectGradient(dGain, want.gain, 'dGain');
    expectGradient(dBias, want.bias, 'dBias');
    expect(paddingOf(dx).every((padding) => padding === 0)).toBe(true);
    // (scale, mean) alternate; no hook changes the mean, so its gradient is not computed but set to 0.
    expectGradient(
      dStats,
      ofStats.map((slope, i) => (i % 2 === 0 ? slope : 0)),
      'dStats',
    );

    ops.layerNormBackward({ x, gain, stats, dNormalized: weight, init, dx, dGain, dBias, dStats });
    expectGradient(
      dx,
      want.x.map((slope, i) => slope + init.toArray()[i]!),
      'dx added to init',
    );
    expectGradient(
      dGain,
      want.gain.map((slope) => 2 * slope),
      'dGain added twice',
    );
  });

  test('crossEntropy: of the logits, for the targets that count', () => {
    const kit = referenceKit();
    const { dVocab, sequences, length } = kit.sizes;
    const [logits, losses, dLogits] = [kit.stream(dVocab), kit.perPosition(), kit.stream(dVocab)];
    const targets = Array.from({ length: sequences * length }, (_, i) => [i % dVocab, -1, -2 - i][i % 3]!);
    const counts = targets.map((target) => (target >= 0 ? 0.3 : 0));
    const want = numericGradient(logits, () => {
      kit.ops.crossEntropy(logits, kit.integers(targets), losses, dLogits, 1);
      return values(losses).reduce((sum, loss, i) => sum + loss * counts[i]!, 0);
    });
    kit.ops.crossEntropy(logits, kit.integers(targets), losses, dLogits, 0.3);
    expectGradient(dLogits, want, 'dLogits');
  });
});
