import { expect, test } from 'vitest';
import { smallExperiment } from '../../test/support/smallExperiment.ts';
import { referenceEngine } from '../engine/engine.ts';
import { Parameters } from '../model/parameters.ts';
import { compete, competitionAt, keepDeleted } from './competition.ts';
import { initialize } from './initialize.ts';

const { model: config } = smallExperiment();

function weightsWithNorms(): Parameters {
  const weights = new Parameters(config, referenceEngine.createArena());
  initialize(config, weights, { seed: 1, std: 0.1 });
  return weights;
}

/** ‖(W_Q, W_K, W_V, W_O) of a head‖, from the human reading of the tensors: head is the first axis. */
function headNorm(weights: Parameters, layer: number, head: number): number {
  let sum = 0;
  for (const name of ['W_Q', 'W_K', 'W_V', 'W_O']) {
    const values = weights.named(`blocks.${layer}.attn.${name}`).toArray();
    const size = values.length / config.nHeads;
    for (const x of values.subarray(head * size, (head + 1) * size)) sum += x * x;
  }
  return Math.sqrt(sum);
}

test('each head shrinks by rate · λ · the norms of the others of its layer, all norms taken first', () => {
  const weights = weightsWithNorms();
  const heads = [0, 1, 2];
  const before = [0, 1].map((layer) => heads.map((head) => headNorm(weights, layer, head)));
  compete(config, weights, { rate: 0.01, lambda: 3 });
  for (const layer of [0, 1])
    for (const head of heads) {
      const others = before[layer]!.reduce((a, b) => a + b, 0) - before[layer]![head]!;
      expect(headNorm(weights, layer, head)).toBeCloseTo(before[layer]![head]! - 0.03 * others, 10);
    }
});

test('nothing but the four matrices of heads changes', () => {
  const [weights, untouched] = [weightsWithNorms(), weightsWithNorms()];
  compete(config, weights, { rate: 0.01, lambda: 3 });
  for (const tensor of weights.all)
    if (!/W_[QKVO]$/.test(tensor.name)) expect(tensor.toArray()).toEqual(untouched.named(tensor.name).toArray());
});

test('a head that would change sign, and one that is almost nothing, become exactly 0', () => {
  const weights = weightsWithNorms();
  compete(config, weights, { rate: 1, lambda: 100 });
  expect(headNorm(weights, 0, 0)).toBe(0);
  compete(config, weights, { rate: 0.01, lambda: 3 }); // 0 / 0 must not make NaN
  expect(headNorm(weights, 0, 0)).toBe(0);
});

test('competition acts from its first step to its last, and at every step where none are named', () => {
  const at = (step: number, competitionSteps?: [number, number] | null): number =>
    competitionAt(step, { competition: 3, competitionSteps });
  expect([1, 2, 5, 6].map((step) => at(step, [2, 5]))).toEqual([0, 3, 3, 0]);
  expect([1, 1000].map((step) => at(step))).toEqual([3, 3]);
  expect(at(1000, null)).toBe(3);
});

test('when it ends, deleted heads lose their moments, and no other head does', () => {
  const [weights, m, v] = [weightsWithNorms(), weightsWithNorms(), weightsWithNorms()];
  compete(config, weights, { rate: 1, lambda: 100 }); // all heads
  const alive = weightsWithNorms();
  keepDeleted(config, alive, [m, v]);
  expect(headNorm(m, 0, 1)).toBeGreaterThan(0);
  keepDeleted(config, weights, [m, v]);
  for (const moment of [m, v]) for (const head of [0, 1, 2]) expect(headNorm(moment, 1, head)).toBe(0);
  expect(
    m
      .named('embed.W_E')
      .toArray()
      .some((x) => x !== 0),
  ).toBe(true);
});
