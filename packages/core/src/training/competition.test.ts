import { expect, test } from 'vitest';
import { smallExperiment } from '../../test/support/smallExperiment.ts';
import { referenceEngine } from '../engine/engine.ts';
import { Parameters } from '../model/parameters.ts';
import { compete } from './competition.ts';
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
