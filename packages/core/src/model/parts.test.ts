// A transformer put together from parts, by hand, is the transformer.
import { describe, expect, test } from 'vitest';
import { WASM_ENGINES } from '../../test/support/kit.ts';
import { randomModel, randomTokens } from '../../test/support/models.ts';
import { referenceEngine } from '../engine/engine.ts';
import type { Tensor } from '../engine/tensor.ts';
import type { ModelOptions } from './config.ts';
import { modelParts } from './parts.ts';

const SIZES = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 17, dVocab: 13 };
const BATCH = { sequences: 2, length: 7 };

/** The model as its definition reads: embedding, blocks, unembedding. */
function byHand(options: ModelOptions, parts: ReturnType<typeof modelParts>): { logits: Tensor; patterns: Tensor[] } {
  const { weights, tokens, positions } = parts;
  const places = parts.rows(weights.W_pos!, positions);
  const patterns: Tensor[] = [];
  let x = parts.rows(weights.W_E, tokens);
  if (options.positions !== 'shortformer') x = parts.add(x, places);
  for (const w of weights.blocks) {
    const n = parts.layerNorm(x, w.lnGain, w.lnBias);
    const read = options.positions === 'shortformer' ? parts.add(n, places) : n;
    const pattern = parts.causalSoftmax(
      parts.attentionScores(parts.heads(read, w.W_Q, w.b_Q), parts.heads(read, w.W_K, w.b_K)),
    );
    patterns.push(pattern);
    x = parts.add(x, parts.sumHeads(parts.mix(pattern, parts.heads(n, w.W_V, w.b_V)), w.W_O, w.b_O));
  }
  const n = parts.layerNorm(x, weights.finalGain, weights.finalBias);
  return { logits: parts.unembed(n, weights.W_U!, weights.b_U), patterns };
}

describe.for(Object.entries({ ...WASM_ENGINES, reference: referenceEngine }))('%s', ([, engine]) => {
  test.for([
    { positions: 'standard', normalization: 'LN', biases: false },
    { positions: 'standard', normalization: null, biases: true },
    { positions: 'shortformer', normalization: 'LN', biases: true },
    { positions: 'sinusoidal', normalization: 'LN', biases: false },
  ] as const)('$positions positions, LayerNorm $normalization, biases $biases: the same bits as Model', (kind) => {
    const options = { ...SIZES, ...kind };
    const model = randomModel(engine, options);
    const tokens = randomTokens(BATCH, SIZES.dVocab);
    const { logits, cache } = model.runWithCache(tokens);
    const made = byHand(options, modelParts(model, tokens));
    expect(made.logits.shape).toEqual([2, 7, 13]);
    expect(made.logits.toArray()).toEqual(logits);
    made.patterns.forEach((pattern, layer) => {
      expect(pattern.shape).toEqual([2, 3, 7, 7]);
      expect(pattern.toArray()).toEqual(cache.get(`blocks.${layer}.attn.hook_pattern`).data);
    });
  });
});

test('parts change neither the model nor what they are given', () => {
  const model = randomModel(WASM_ENGINES['plain SIMD']!, SIZES);
  const parts = modelParts(model, randomTokens(BATCH, SIZES.dVocab));
  const { weights } = parts;
  const before = model.getWeights()['embed.W_E']!.data;
  const x = parts.rows(weights.W_E, parts.tokens);
  const q = parts.heads(x, weights.blocks[0]!.W_Q);
  const scores = parts.attentionScores(q, q);
  const kept = scores.toArray();
  parts.causalSoftmax(scores);
  expect(scores.toArray()).toEqual(kept);
  weights.W_E.set(new Float32Array(weights.W_E.size));
  expect(model.getWeights()['embed.W_E']!.data).toEqual(before);
});

test('tokens that the model cannot read are refused by name', () => {
  const model = randomModel(WASM_ENGINES['plain SIMD']!, SIZES);
  expect(() => modelParts(model, [[1, 2, 13]])).toThrow(
    'modelParts: sequence 0 has token 13 at position 2; tokens are whole numbers from 0 to 12.',
  );
});
