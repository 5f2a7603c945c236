// GPT-NeoX (Pythia): attention and MLP beside each other, each behind a LayerNorm of its own; part of each head turns; Q, K and V of a
// head lie together.

import type { ModelConfig } from '../../config.ts';
import { jointQKV, linear, norm } from '../heldTensor.ts';
import { attentionParts, type Family, firstOf } from './family.ts';
import { activation, headSizes, rotary, size, turnedPart } from './fields.ts';

export const gptNeoX: Family = {
  modelTypes: ['gpt_neox'],
  prefix: 'gpt_neox.',
  options: (fields) => {
    const { dModel, nHeads, dHead } = headSizes(fields, 'hidden_size', 'num_attention_heads');
    return {
      ...{ nLayers: size(fields, 'num_hidden_layers'), nHeads, dModel, dHead },
      ...{ nCtx: size(fields, 'max_position_embeddings'), dVocab: size(fields, 'vocab_size') },
      ...{ positions: 'rotary', normalization: 'LN', biases: true },
      ...rotary(fields, { base: 'rotary_emb_base' }),
      rotaryDim: Math.floor(dHead * (turnedPart(fields, 'rotary_pct') ?? 0.25)),
      parallelAttnMlp: fields.flag('use_parallel_residual') ?? true,
      tied: fields.flag('tie_word_embeddings') ?? false,
      eps: fields.positiveNumber('layer_norm_eps') ?? 1e-5,
      dMlp: size(fields, 'intermediate_size'),
      actFn: activation(fields, 'hidden_act', 'gelu'),
    };
  },
  layer: (layer) => {
    const [theirs, ours] = [`layers.${layer}`, `blocks.${layer}`];
    return [
      ...norm(`${theirs}.input_layernorm`, `${ours}.ln1`),
      ...norm(`${theirs}.post_attention_layernorm`, `${ours}.ln2`),
      ...jointQKV(`${theirs}.attention.query_key_value`, layer, (rows) => ({ rows })),
      linear(`${theirs}.attention.dense.weight`, `${ours}.attn.W_O`),
      linear(`${theirs}.attention.dense.bias`, `${ours}.attn.b_O`),
      linear(`${theirs}.mlp.dense_h_to_4h.weight`, `${ours}.mlp.W_in`),
      linear(`${theirs}.mlp.dense_h_to_4h.bias`, `${ours}.mlp.b_in`),
      linear(`${theirs}.mlp.dense_4h_to_h.weight`, `${ours}.mlp.W_out`),
      linear(`${theirs}.mlp.dense_4h_to_h.bias`, `${ours}.mlp.b_out`),
    ];
  },
  outside: () => [
    linear('embed_in.weight', 'embed.W_E'),
    ...norm('final_layer_norm', 'ln_final'),
    linear('embed_out.weight', 'unembed.W_U'),
  ],
  without: (fields) => (fields.flag('attention_bias') === false ? /\.attention\.\w+\.bias$/ : null),
  architecture: 'GPTNeoXForCausalLM',
  config: (config) => ({
    ...{ num_hidden_layers: config.nLayers, num_attention_heads: config.nHeads, hidden_size: config.dModel },
    ...{ intermediate_size: config.dMlp, max_position_embeddings: config.nCtx, vocab_size: config.dVocab },
    ...{ hidden_act: config.actFn, layer_norm_eps: config.eps, tie_word_embeddings: config.tied },
    ...{ rotary_pct: turnedShare(config), rotary_emb_base: config.rotaryBase },
    use_parallel_residual: config.parallelAttnMlp ?? false,
  }),
  lacks: (config) => {
    const { grouped, normed, scaled, sized, stretched } = attentionParts(config);
    return firstOf({ 'gated MLPs': config.gatedMlp, ...grouped, ...normed, ...sized, ...scaled, ...stretched });
  },
};

/** The share of a head that turns, so that it gives the dimension again when it is rounded down. */
function turnedShare({ rotaryDim, dHead }: ModelConfig): number {
  const share = rotaryDim / dHead;
  return Math.floor(dHead * share) === rotaryDim ? share : (rotaryDim + 0.5) / dHead;
}
