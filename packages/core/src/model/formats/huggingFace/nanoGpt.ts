// GPT-2 as nanoGPT and minGPT write it: its names, matrices as Linear holds them, and a config that counts positions as block_size.
// nanoGPT says `bias` and has the exact GELU; minGPT has all biases and the tanh form.
import { type HeldTensor, jointQKV, linear, norm, optional } from '../heldTensor.ts';
import type { Family } from './family.ts';
import { activation, headSizes, size } from './fields.ts';

/** Whether a config is theirs. */
export const isNanoGptConfig = (config: unknown): boolean =>
  typeof config === 'object' && config !== null && 'block_size' in config && 'n_embd' in config;

/** Names of their tensors that hold no weights: attention masks. */
export const NANO_GPT_BUFFERS: RegExp = /(^|\.)attn\.bias$/;

/** In both, `transformer.` is part of a name; torch.compile puts `_orig_mod.` before it. */
export const nanoGpt: Pick<Family, 'prefix' | 'options' | 'layer' | 'outside' | 'without'> = {
  prefix: '_orig_mod.',
  options: (fields) => {
    const { dModel, nHeads, dHead } = headSizes(fields, 'n_embd', 'n_head');
    const isNano = fields.flag('bias') !== undefined;
    return {
      ...{ nLayers: size(fields, 'n_layer'), nHeads, dModel, dHead },
      ...{ nCtx: size(fields, 'block_size'), dVocab: size(fields, 'vocab_size') },
      ...{ positions: 'standard', normalization: 'LN', biases: fields.flag('bias') ?? true },
      ...{ dMlp: 4 * dModel, actFn: activation(fields, 'activation_function', isNano ? 'gelu' : 'gelu_new') },
    };
  },
  layer: (layer) => {
    const [theirs, ours] = [`transformer.h.${layer}`, `blocks.${layer}`];
    return [
      ...normed(`${theirs}.ln_1`, `${ours}.ln1`),
      ...jointQKV(`${theirs}.attn.c_attn`, layer, (block) => ({ block })),
      ...matrix(`${theirs}.attn.c_proj`, `${ours}.attn`, 'O'),
      ...normed(`${theirs}.ln_2`, `${ours}.ln2`),
      ...matrix(`${theirs}.mlp.c_fc`, `${ours}.mlp`, 'in'),
      ...matrix(`${theirs}.mlp.c_proj`, `${ours}.mlp`, 'out'),
    ];
  },
  outside: () => [
    linear('transformer.wte.weight', 'embed.W_E'),
    linear('transformer.wpe.weight', 'pos_embed.W_pos'),
    ...normed('transformer.ln_f', 'ln_final'),
    linear('lm_head.weight', 'unembed.W_U'),
  ],
};

const matrix = (name: string, place: string, part: string): HeldTensor[] => [
  linear(`${name}.weight`, `${place}.W_${part}`),
  linear(`${name}.bias`, `${place}.b_${part}`),
];

/** Without biases their LayerNorm has no shift. */
const normed = (name: string, place: string): HeldTensor[] => {
  const [weight, bias] = norm(name, place) as [HeldTensor, HeldTensor];
  return [weight, optional(bias)];
};
