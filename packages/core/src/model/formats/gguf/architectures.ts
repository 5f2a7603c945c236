// The architectures that are read from GGUF files: which metadata say what of the model, and which tensor holds which weights. Names are
// llama.cpp's.
import { headWeight } from '../../heads.ts';
import { type HeldTensor, jointQKV, linear, norm, optional } from '../heldTensor.ts';
import type { Family } from '../huggingFace/family.ts';
import { headSizes, size } from '../huggingFace/fields.ts';
import type { GgufFields } from './ggufFields.ts';
import { rotaryOfGguf } from './ggufRotary.ts';

/** What is said of an architecture. Fields have the architecture's name left out: `block_count`. */
export interface Architecture extends Pick<Family, 'layer' | 'outside'> {
  /** `general.architecture`. */
  readonly name: string;
  readonly options: (fields: GgufFields) => ReturnType<Family['options']>;
}

/** The sizes that all have. */
function sizes(fields: GgufFields): ReturnType<Family['options']> {
  const [width, heads] = ['embedding_length', 'attention.head_count'];
  const own = fields.wholeNumber('attention.key_length');
  return {
    nLayers: size(fields, 'block_count'),
    ...(own === undefined
      ? headSizes(fields, width, heads)
      : { dModel: size(fields, width), nHeads: size(fields, heads), dHead: own }),
    ...{ nCtx: fields.context(), dVocab: fields.vocabulary() },
    dMlp: size(fields, 'feed_forward_length'),
    tied: !fields.tensors.has('output.weight'),
  };
}

/** Of LayerNorm, joint Q, K and V, and MLPs of two matrices: GPT-2 and GPT-NeoX. */
const layerOfGpt: Family['layer'] = (layer) => {
  const [theirs, ours] = [`blk.${layer}`, `blocks.${layer}`];
  return [
    ...norm(`${theirs}.attn_norm`, `${ours}.ln1`),
    ...jointQKV(`${theirs}.attn_qkv`, layer, (block) => ({ block })),
    ...withBias(`${theirs}.attn_output`, `${ours}.attn.W_O`),
    ...norm(`${theirs}.ffn_norm`, `${ours}.ln2`),
    ...withBias(`${theirs}.ffn_up`, `${ours}.mlp.W_in`),
    ...withBias(`${theirs}.ffn_down`, `${ours}.mlp.W_out`),
  ];
};

const withBias = (name: string, weight: string): HeldTensor[] => [
  linear(`${name}.weight`, weight),
  optional(linear(`${name}.bias`, weight.replace(/W_(\w+)$/, 'b_$1'))),
];

const ends: readonly HeldTensor[] = [linear('token_embd.weight', 'embed.W_E'), linear('output.weight', 'unembed.W_U')];

const gpt2: Architecture = {
  name: 'gpt2',
  options: (fields) => ({
    ...sizes(fields),
    ...{ positions: 'standard', normalization: 'LN', biases: true, actFn: 'gelu_new' },
    eps: fields.needed('attention.layer_norm_epsilon'),
  }),
  layer: layerOfGpt,
  outside: () => [...ends, linear('position_embd.weight', 'pos_embed.W_pos'), ...norm('output_norm', 'ln_final')],
};

/** Its activation is the exact GELU, as it was trained with; llama.cpp runs the tanh form. */
const gptNeoX: Architecture = {
  name: 'gptneox',
  options: (fields) => ({
    ...sizes(fields),
    ...{ positions: 'rotary', ...rotaryOfGguf(fields) },
    ...{ normalization: 'LN', biases: true, actFn: 'gelu' },
    parallelAttnMlp: fields.flag('use_parallel_residual') ?? true,
    eps: fields.needed('attention.layer_norm_epsilon'),
  }),
  layer: layerOfGpt,
  outside: () => [...ends, ...norm('output_norm', 'ln_final')],
};

/** `adjacent` says that the rows of Q and K have rotary pairs as neighbours, `qkNorm` that both have a norm of their own. */
const likeLlama = (
  name: string,
  { adjacent = false, qkNorm = false }: { adjacent?: boolean; qkNorm?: boolean },
): Architecture => ({
  name,
  options: (fields) => ({
    ...sizes(fields),
    nKeyValueHeads: fields.wholeNumber('attention.head_count_kv') ?? size(fields, 'attention.head_count'),
    ...{ positions: 'rotary', ...rotaryOfGguf(fields), rotaryAdjacentPairs: adjacent },
    ...{ normalization: 'RMS', actFn: 'silu', gatedMlp: true },
    ...(qkNorm ? { qkNorm } : {}),
    biases: [...fields.tensors.keys()].some((tensor) => /^blk\.\d+\.attn_\w+\.bias$/.test(tensor)),
    eps: fields.needed('attention.layer_norm_rms_epsilon'),
  }),
  layer: (layer, config) => {
    const [theirs, ours] = [`blk.${layer}`, `blocks.${layer}`];
    const weight = (part: 'Q' | 'K' | 'V' | 'O'): string => headWeight(config, { layer, head: 0 }, part).name;
    return [
      linear(`${theirs}.attn_norm.weight`, `${ours}.ln1.w`),
      ...withBias(`${theirs}.attn_q`, weight('Q')),
      ...withBias(`${theirs}.attn_k`, weight('K')),
      ...withBias(`${theirs}.attn_v`, weight('V')),
      ...withBias(`${theirs}.attn_output`, weight('O')),
      ...(qkNorm ? ['q_norm', 'k_norm'] : []).map((norm) =>
        linear(`${theirs}.attn_${norm}.weight`, `${ours}.attn.${norm}.w`),
      ),
      linear(`${theirs}.ffn_norm.weight`, `${ours}.ln2.w`),
      linear(`${theirs}.ffn_gate.weight`, `${ours}.mlp.W_gate`),
      linear(`${theirs}.ffn_up.weight`, `${ours}.mlp.W_in`),
      linear(`${theirs}.ffn_down.weight`, `${ours}.mlp.W_out`),
    ];
  },
  outside: () => [...ends, linear('output_norm.weight', 'ln_final.w')],
});

export const ARCHITECTURES: readonly Architecture[] = [
  likeLlama('llama', { adjacent: true }),
  likeLlama('qwen2', {}),
  likeLlama('qwen3', { qkNorm: true }),
  gpt2,
  gptNeoX,
];
