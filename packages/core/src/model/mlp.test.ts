// MLPs under study: hook points, interventions and gradients at them, and what cannot be asked of them.
import { describe, expect, test } from 'vitest';
import { distance } from '../../test/support/golden.ts';
import { FAMILY_OPTIONS, randomModel, randomTokens } from '../../test/support/models.ts';
import { referenceEngine } from '../engine/engine.ts';
import { type ModelOptions, modelConfig } from './config.ts';
import { hookPoints } from './hookPoints.ts';
import { Model } from './model.ts';
import { modelParts } from './parts.ts';

const SIZES = { nLayers: 2, nHeads: 6, dModel: 11, dHead: 4, nCtx: 17, dVocab: 13 };
const LLAMA: ModelOptions = {
  ...({ ...SIZES, positions: 'rotary', normalization: 'RMS', nKeyValueHeads: 2 } as const),
  ...({ dMlp: 7, actFn: 'silu', gatedMlp: true } as const),
};
const tokens = randomTokens({ sequences: 3, length: 7 }, SIZES.dVocab);
const family = (label: string): Partial<ModelOptions> =>
  FAMILY_OPTIONS.find((one) => one.label === label)?.options as Partial<ModelOptions>;

test('hook points stand where the forward pass comes to them, as in TransformerLens', () => {
  const config = modelConfig({ ...LLAMA, nLayers: 1 });
  expect(hookPoints(config, { onRequest: false }).slice(-11)).toEqual([
    ...['blocks.0.hook_attn_out', 'blocks.0.hook_resid_mid', 'blocks.0.ln2.hook_scale', 'blocks.0.ln2.hook_normalized'],
    ...['blocks.0.mlp.hook_pre', 'blocks.0.mlp.hook_pre_linear', 'blocks.0.mlp.hook_post', 'blocks.0.hook_mlp_out'],
    ...['blocks.0.hook_resid_post', 'ln_final.hook_scale', 'ln_final.hook_normalized'],
  ]);
  const parallel = modelConfig({ ...SIZES, ...family('like GPT-NeoX') } as ModelOptions);
  expect(hookPoints(parallel, { onRequest: true })).not.toContain('blocks.0.hook_resid_mid');
});

test('an activation of the MLP has its width, keys and values the heads that they have', () => {
  const { cache } = randomModel(referenceEngine, LLAMA).runWithCache(tokens);
  expect(cache.get('blocks.1.mlp.hook_post')).toMatchObject({ shape: [3, 7, 7], axes: ['batch', 'pos', 'dMlp'] });
  expect(cache.get('blocks.1.attn.hook_k')).toMatchObject({
    shape: [3, 7, 2, 4],
    axes: ['batch', 'pos', 'keyValueHead', 'dHead'],
  });
  expect(cache.get('blocks.1.attn.hook_rot_k').shape).toEqual([3, 7, 2, 4]);
  expect(cache.get('blocks.1.attn.hook_pattern').shape).toEqual([3, 6, 7, 7]);
  expect(cache.at('blocks.1.attn.hook_v', { head: 1 }).shape).toEqual([3, 7, 4]);
});

describe.for(['like GPT-2', 'like GPT-NeoX', 'like GPT-J', 'GEGLU with biases'])('%s', (label) => {
  const options = { ...SIZES, ...family(label) } as ModelOptions;
  const model = randomModel(referenceEngine, options);

  test('without what its MLPs write it is the attention-only model of the same weights', () => {
    const { dMlp: _, actFn: __, gatedMlp: ___, parallelAttnMlp: ____, ...rest } = options;
    const plain = new Model(referenceEngine, rest);
    const names = Object.keys(plain.getWeights());
    const weights = model.getWeights();
    plain.setWeights(Object.fromEntries(names.map((name) => [name, weights[name]!])));
    const off = [0, 1].map((layer) => ({ kind: 'zeroAblate' as const, hook: `blocks.${layer}.hook_mlp_out` }));
    const run = model.runWithInterventions(tokens, off);
    expect(distance(run.logits, plain.run(tokens).logits)).toBeLessThan(1e-12);
    expect(distance(run.logits, model.run(tokens).logits)).toBeGreaterThan(1e-3);
  });

  test('patching an MLP with its own activations changes nothing, and no gradient goes on through what was set', () => {
    const hook = 'blocks.0.mlp.hook_pre';
    const patched = model.runWithInterventions(tokens, [{ kind: 'patch', hook }]);
    expect(distance(patched.logits, model.run(tokens).logits)).toBeLessThan(1e-14);
    const { gradients } = model.runWithGradients(tokens, { interventions: [{ kind: 'zeroAblate', hook }] });
    const size = (name: string): number => Math.max(...Array.from(gradients[name]!.data, Math.abs));
    expect(size(options.gatedMlp ? 'blocks.0.mlp.W_gate' : 'blocks.0.mlp.W_in')).toBe(0);
    expect(size('blocks.1.mlp.W_in')).toBeGreaterThan(1e-6);
    expect(size('blocks.0.attn.W_V')).toBeGreaterThan(1e-6);
  });
});

test('parts that a model is put together from by hand are refused where some are missing', () => {
  expect(() =>
    modelParts(randomModel(referenceEngine, { ...SIZES, positions: 'alibi', qkNorm: true }), tokens),
  ).toThrow('there are no parts for normalised queries and keys and ALiBi positions');
  expect(() => modelParts(randomModel(referenceEngine, LLAMA), tokens)).toThrow(
    'modelParts: there are no parts for MLPs and RMSNorm and heads that share keys and values, which this model has; use model.run.',
  );
});

test('a config that cannot be is refused with the field and what it expects', () => {
  for (const [options, sentence] of [
    [{ nKeyValueHeads: 4 }, 'nKeyValueHeads must be a whole number that divides nHeads (6), got 4'],
    [{ dMlp: 0 }, 'dMlp must be a whole number from 1'],
    [{ dMlp: 7, actFn: 'tanh' }, 'actFn must be one of relu, gelu, gelu_new, silu, got "tanh"'],
    [{ actFn: 'relu' }, 'actFn must be left out of a model without MLPs (dMlp)'],
    [{ qkNorm: 1 }, 'qkNorm must be true or false, got 1'],
    [{ gatedMlp: true }, 'gatedMlp must be left out of a model without MLPs'],
    [{ dMlp: 7, gatedMlp: 'yes' }, 'gatedMlp must be true or false'],
    [{ rotaryAdjacentPairs: true }, 'rotaryAdjacentPairs must be left out of a model whose positions are not "rotary"'],
    [{ positions: 'rotary', rotaryScaling: { factor: 8 } }, 'rotaryScaling must be { factor, lowFreqFactor,'],
    [{ dMlp: 2 ** 30 }, 'dMlp (1073741824) is too large beside the other sizes'],
    [{ normalization: 'RMSPre' }, 'normalization must be "LN", "RMS" or null'],
  ] as const)
    expect(() => modelConfig({ ...SIZES, ...options } as never)).toThrow(sentence);
});
