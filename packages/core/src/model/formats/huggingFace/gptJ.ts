// GPT-J: attention and MLP beside each other behind one LayerNorm, rotary in neighbouring pairs, biases of MLPs and the head only.

import { linear, norm } from '../heldTensor.ts';
import { attentionParts, type Family, firstOf } from './family.ts';
import { activation, headSizes, size } from './fields.ts';

export const gptJ: Family = {
  modelTypes: ['gptj'],
  prefix: 'transformer.',
  options: (fields) => {
    const { dModel, nHeads, dHead } = headSizes(fields, 'n_embd', 'n_head');
    return {
      ...{ nLayers: size(fields, 'n_layer'), nHeads, dModel, dHead },
      ...{ nCtx: size(fields, 'n_positions', 'n_ctx'), dVocab: size(fields, 'vocab_size') },
      ...{ positions: 'rotary', normalization: 'LN', biases: true, parallelAttnMlp: true, rotaryAdjacentPairs: true },
      rotaryDim: fields.wholeNumber('rotary_dim') ?? dHead,
      tied: fields.flag('tie_word_embeddings') ?? false,
      eps: fields.positiveNumber('layer_norm_epsilon') ?? 1e-5,
      dMlp: fields.wholeNumber('n_inner') ?? 4 * dModel,
      actFn: activation(fields, 'activation_function', 'gelu_new'),
    };
  },
  layer: (layer) => {
    const [theirs, ours] = [`h.${layer}`, `blocks.${layer}`];
    return [
      ...norm(`${theirs}.ln_1`, `${ours}.ln1`, `${ours}.ln2`),
      linear(`${theirs}.attn.q_proj.weight`, `${ours}.attn.W_Q`),
      linear(`${theirs}.attn.k_proj.weight`, `${ours}.attn.W_K`),
      linear(`${theirs}.attn.v_proj.weight`, `${ours}.attn.W_V`),
      linear(`${theirs}.attn.out_proj.weight`, `${ours}.attn.W_O`),
      linear(`${theirs}.mlp.fc_in.weight`, `${ours}.mlp.W_in`),
      linear(`${theirs}.mlp.fc_in.bias`, `${ours}.mlp.b_in`),
      linear(`${theirs}.mlp.fc_out.weight`, `${ours}.mlp.W_out`),
      linear(`${theirs}.mlp.fc_out.bias`, `${ours}.mlp.b_out`),
    ];
  },
  outside: () => [
    linear('wte.weight', 'embed.W_E'),
    ...norm('ln_f', 'ln_final'),
    linear('lm_head.weight', 'unembed.W_U'),
    linear('lm_head.bias', 'unembed.b_U'),
  ],
  architecture: 'GPTJForCausalLM',
  config: (config) => ({
    ...{ n_layer: config.nLayers, n_head: config.nHeads, n_embd: config.dModel, n_inner: config.dMlp },
    ...{ n_positions: config.nCtx, vocab_size: config.dVocab, activation_function: config.actFn },
    ...{ layer_norm_epsilon: config.eps, tie_word_embeddings: config.tied, rotary_dim: config.rotaryDim },
  }),
  lacks: (config) => {
    const { grouped, normed, scaled, sized, stretched } = attentionParts(config);
    return firstOf({
      ...{ 'gated MLPs': config.gatedMlp, ...grouped, ...normed, ...sized, ...scaled, ...stretched },
      [`rotary positions of base ${config.rotaryBase}`]: config.rotaryBase !== 10000,
    });
  },
};
