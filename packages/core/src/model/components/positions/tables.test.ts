// Positions against their definitions, written out from cached activations: an independent check of the program, which
// the golden data cover for `standard` positions only.
import { expect, test } from 'vitest';
import { distance } from '../../../../test/support/golden.ts';
import { randomModel, randomTokens } from '../../../../test/support/models.ts';
import { referenceEngine } from '../../../engine/engine.ts';
import type { ActivationCache } from '../../activationCache.ts';
import type { Model } from '../../model.ts';

const SIZES = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 9, dVocab: 13 };
const tokens = randomTokens({ sequences: 2, length: 7 }, SIZES.dVocab);
const ROWS = 2 * 7;

/** x·W + b of one of Q, K, V: [rows, head, dHead] from x [rows, dModel], with loops over the meaning. */
function project(model: Model, layer: number, part: 'Q' | 'K' | 'V', x: ArrayLike<number>): Float64Array {
  const { nHeads, dModel, dHead } = SIZES;
  const weights = model.getWeights();
  const W = weights[`blocks.${layer}.attn.W_${part}`]!.data;
  const b = weights[`blocks.${layer}.attn.b_${part}`]!.data;
  const out = new Float64Array(ROWS * nHeads * dHead);
  for (let row = 0; row < ROWS; row++)
    for (let h = 0; h < nHeads; h++)
      for (let c = 0; c < dHead; c++) {
        let sum = b[h * dHead + c]!;
        for (let i = 0; i < dModel; i++) sum += x[row * dModel + i]! * W[(h * dModel + i) * dHead + c]!;
        out[(row * nHeads + h) * dHead + c] = sum;
      }
  return out;
}

const plus = (a: ArrayLike<number>, b: ArrayLike<number>): Float64Array => Float64Array.from(a, (x, i) => x + b[i]!);
/** What a block reads: its LayerNorm's output with gain and shift. */
const read = (model: Model, layer: number, normalized: ArrayLike<number>): Float64Array => {
  const weights = model.getWeights();
  const [gain, shift] = ['w', 'b'].map((name) => weights[`blocks.${layer}.ln1.${name}`]!.data);
  return Float64Array.from(normalized, (x, i) => x * gain![i % SIZES.dModel]! + shift![i % SIZES.dModel]!);
};
const build = (options: object): { model: Model; at: (name: string) => ArrayLike<number> } => {
  const model = randomModel(referenceEngine, { ...SIZES, normalization: 'LN', biases: true, ...options });
  const cache: ActivationCache = model.runWithCache(tokens).cache;
  return { model, at: (name) => cache.get(name).data };
};

test('shortformer adds positions to what Q and K read, after the LayerNorm, in every layer, and never to the stream', () => {
  const { model, at } = build({ positions: 'shortformer' });
  expect(at('blocks.0.hook_resid_pre')).toEqual(at('hook_embed'));
  for (const layer of [0, 1]) {
    const normalized = read(model, layer, at(`blocks.${layer}.ln1.hook_normalized`));
    const withPositions = plus(normalized, at('hook_pos_embed'));
    expect(distance(at(`blocks.${layer}.attn.hook_q`), project(model, layer, 'Q', withPositions))).toBeLessThan(1e-12);
    expect(distance(at(`blocks.${layer}.attn.hook_k`), project(model, layer, 'K', withPositions))).toBeLessThan(1e-12);
    expect(distance(at(`blocks.${layer}.attn.hook_v`), project(model, layer, 'V', normalized))).toBeLessThan(1e-12);
  }
});

test('standard positions are added to the embedding, and Q, K and V read the same', () => {
  const { model, at } = build({ positions: 'standard' });
  expect(distance(at('blocks.0.hook_resid_pre'), plus(at('hook_embed'), at('hook_pos_embed')))).toBe(0);
  const normalized = read(model, 1, at('blocks.1.ln1.hook_normalized'));
  for (const part of ['Q', 'K', 'V'] as const)
    expect(distance(at(`blocks.1.attn.hook_${part.toLowerCase()}`), project(model, 1, part, normalized))).toBeLessThan(
      1e-12,
    );
});

test('rotary turns pairs (i, i + rotary_dim / 2) by pos · base^(−2i / rotary_dim) and leaves the other dimensions', () => {
  const [rotaryDim, rotaryBase] = [4, 100];
  const { at } = build({ positions: 'rotary', rotaryDim, rotaryBase });
  for (const part of ['q', 'k']) {
    const [plain, rotated] = [at(`blocks.1.attn.hook_${part}`), at(`blocks.1.attn.hook_rot_${part}`)];
    for (let row = 0; row < ROWS; row++)
      for (let h = 0; h < 3; h++) {
        const start = (row * 3 + h) * 5;
        for (let i = 0; i < 2; i++) {
          const angle = (row % 7) * rotaryBase ** ((-2 * i) / rotaryDim);
          const [a, b] = [plain[start + i]!, plain[start + i + 2]!];
          expect(rotated[start + i]).toBeCloseTo(a * Math.cos(angle) - b * Math.sin(angle), 12);
          expect(rotated[start + i + 2]).toBeCloseTo(b * Math.cos(angle) + a * Math.sin(angle), 12);
        }
        expect(rotated[start + 4]).toBe(plain[start + 4]);
      }
  }
});
