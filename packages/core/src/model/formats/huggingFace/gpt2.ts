// GPT-2: LayerNorm, learned positions, joint Q, K and V, matrices as Conv1D holds them, [in, out].

import { asIs, jointQKV, linear, norm } from '../heldTensor.ts';
import { attentionParts, type Family, firstOf } from './family.ts';
import { activation, headSizes, only, size } from './fields.ts';

export const gpt2: Family = {
  modelTypes: ['gpt2'],
  prefix: 'transformer.',
  options: (fields) => {
    only(fields, 'scale_attn_by_inverse_layer_idx', [false], 'attention scaled by layer');
    only(fields, 'add_cross_attention', [false], 'cross-attention');
    const { dModel, nHeads, dHead } = headSizes(fields, 'n_embd', 'n_head');
    return {
      ...{ nLayers: size(fields, 'n_layer'), nHeads, dModel, dHead },
      ...{ nCtx: size(fields, 'n_positions', 'n_ctx'), dVocab: size(fields, 'vocab_size') },
      ...{ positions: 'standard', normalization: 'LN', biases: true },
      tied: fields.flag('tie_word_embeddings') ?? true,
      eps: fields.positiveNumber('layer_norm_epsilon') ?? 1e-5,
      ...(fields.flag('scale_attn_weights') === false ? { attnScale: 1 } : {}),
      dMlp: fields.wholeNumber('n_inner') ?? 4 * dModel,
      actFn: activation(fields, 'activation_function', 'gelu_new'),
    };
  },
  layer: (layer) => {
    const [theirs, ours] = [`h.${layer}`, `blocks.${layer}`];
    return [
      ...norm(`${theirs}.ln_1`, `${ours}.ln1`),
      ...jointQKV(`${theirs}.attn.c_attn`, layer, (columns) => ({ columns })),
      asIs(`${theirs}.attn.c_proj.weight`, `${ours}.attn.W_O`),
      asIs(`${theirs}.attn.c_proj.bias`, `${ours}.attn.b_O`),
      ...norm(`${theirs}.ln_2`, `${ours}.ln2`),
      asIs(`${theirs}.mlp.c_fc.weight`, `${ours}.mlp.W_in`),
      asIs(`${theirs}.mlp.c_fc.bias`, `${ours}.mlp.b_in`),
      asIs(`${theirs}.mlp.c_proj.weight`, `${ours}.mlp.W_out`),
      asIs(`${theirs}.mlp.c_proj.bias`, `${ours}.mlp.b_out`),
    ];
  },
  outside: () => [
    linear('wte.weight', 'embed.W_E'),
    linear('wpe.weight', 'pos_embed.W_pos'),
    ...norm('ln_f', 'ln_final'),
    linear('lm_head.weight', 'unembed.W_U'),
  ],
  architecture: 'GPT2LMHeadModel',
  config: (config) => ({
    ...{ n_layer: config.nLayers, n_head: config.nHeads, n_embd: config.dModel, n_inner: config.dMlp },
    ...{ n_positions: config.nCtx, vocab_size: config.dVocab, activation_function: config.actFn },
    ...{ layer_norm_epsilon: config.eps, tie_word_embeddings: config.tied, scale_attn_weights: config.attnScale !== 1 },
  }),
  lacks: (config) => {
    const { grouped, normed, scaled, sized } = attentionParts(config);
    return firstOf({
      ...{ RMSNorm: config.normalization === 'RMS', 'gated MLPs': config.gatedMlp, ...grouped, ...normed, ...sized },
      ...{ 'attention and MLP side by side': config.parallelAttnMlp, ...(config.attnScale === 1 ? {} : scaled) },
    });
  },
};
