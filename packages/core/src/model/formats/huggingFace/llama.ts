// Llama and those built like it (SmolLM2, Mistral, Qwen 2 and 3): RMSNorm, rotary positions, gated MLPs, shared keys and values. They differ
// in which biases they have, and in how far Mistral looks back.
import type { ModelConfig } from '../../config.ts';
import { headWeight } from '../../heads.ts';
import type { FieldReader } from '../configFields.ts';
import { FileFormatError } from '../fileFormatError.ts';
import { type HeldTensor, linear } from '../heldTensor.ts';
import { attentionParts, type Family, firstOf } from './family.ts';
import { activation, headSizes, only, rotary, size, turnedPart } from './fields.ts';

/** Positions that are looked back over: with a window, what lies within it is computed as without one. */
function contextOf(fields: FieldReader): number {
  const whole = size(fields, 'max_position_embeddings');
  const slides = fields.raw.model_type === 'mistral' || fields.flag('use_sliding_window') === true;
  const window = slides ? fields.wholeNumber('sliding_window') : undefined;
  return window === undefined ? whole : Math.min(whole, window);
}

export const llama: Family = likeLlama(
  ['llama', 'mistral'],
  (fields) => fields.flag('attention_bias') === true,
  'QKVO',
);
/** Its biases are those of Q, K and V, and always there. */
export const qwen2: Family = likeLlama(['qwen2'], () => true, 'QKV');

/** Like Llama, with a norm of queries and keys. */
export const qwen3: Family = likeLlama(['qwen3'], (fields) => fields.flag('attention_bias') === true, 'QKVO', {
  qkNorm: true,
});

/** `biased` are the parts of attention that have biases, where a config asks for them. */
function likeLlama(
  modelTypes: readonly string[],
  hasBiases: (fields: FieldReader) => boolean,
  biased: string,
  { qkNorm = false } = {},
): Family {
  return {
    modelTypes,
    prefix: 'model.',
    options: (fields) => {
      only(fields, 'mlp_bias', [false], 'biases inside gated MLPs');
      const [dModel, nHeads] = [size(fields, 'hidden_size'), size(fields, 'num_attention_heads')];
      const own = fields.raw.head_dim == null ? undefined : size(fields, 'head_dim');
      const dHead = own ?? headSizes(fields, 'hidden_size', 'num_attention_heads').dHead;
      const turned = turnedPart(fields, 'partial_rotary_factor') ?? 1;
      if (turned !== 1)
        throw new FileFormatError(
          `${fields.file} turns ${turned} of each head by position (partial_rotary_factor), which induction-lab does not run for this family.`,
        );
      return {
        ...{ nLayers: size(fields, 'num_hidden_layers'), nHeads, dModel },
        dHead,
        nKeyValueHeads: fields.wholeNumber('num_key_value_heads') ?? nHeads,
        ...{ nCtx: contextOf(fields), dVocab: size(fields, 'vocab_size') },
        ...{ positions: 'rotary', ...rotary(fields), normalization: 'RMS' },
        biases: hasBiases(fields),
        ...(qkNorm ? { qkNorm } : {}),
        tied: fields.flag('tie_word_embeddings') ?? false,
        eps: fields.positiveNumber('rms_norm_eps') ?? 1e-6,
        dMlp: size(fields, 'intermediate_size'),
        ...{ actFn: activation(fields, 'hidden_act', 'silu'), gatedMlp: true },
      };
    },
    layer: (layer, config) => {
      const [theirs, ours] = [`layers.${layer}`, `blocks.${layer}`];
      return [
        linear(`${theirs}.input_layernorm.weight`, `${ours}.ln1.w`),
        ...(['Q', 'K', 'V', 'O'] as const).flatMap((part) =>
          projection(layer, headWeight(config, { layer, head: 0 }, part).name, config.biases && biased.includes(part)),
        ),
        ...(qkNorm ? ['q_norm', 'k_norm'] : []).map((part) =>
          linear(`${theirs}.self_attn.${part}.weight`, `${ours}.attn.${part}.w`),
        ),
        linear(`${theirs}.post_attention_layernorm.weight`, `${ours}.ln2.w`),
        linear(`${theirs}.mlp.gate_proj.weight`, `${ours}.mlp.W_gate`),
        linear(`${theirs}.mlp.up_proj.weight`, `${ours}.mlp.W_in`),
        linear(`${theirs}.mlp.down_proj.weight`, `${ours}.mlp.W_out`),
      ];
    },
    outside: () => [
      linear('embed_tokens.weight', 'embed.W_E'),
      linear('norm.weight', 'ln_final.w'),
      linear('lm_head.weight', 'unembed.W_U'),
    ],
    architecture: qkNorm ? 'Qwen3ForCausalLM' : 'LlamaForCausalLM',
    config: (config) => ({
      ...{ num_hidden_layers: config.nLayers, num_attention_heads: config.nHeads, hidden_size: config.dModel },
      ...{ head_dim: config.dHead, num_key_value_heads: config.nKeyValueHeads ?? config.nHeads },
      ...{ intermediate_size: config.dMlp, max_position_embeddings: config.nCtx, vocab_size: config.dVocab },
      ...{ hidden_act: config.actFn, rms_norm_eps: config.eps, tie_word_embeddings: config.tied },
      ...{
        rope_theta: config.rotaryBase,
        rope_scaling: scalingOf(config),
        attention_bias: config.biases,
        mlp_bias: false,
      },
    }),
    lacks: (config) =>
      firstOf({
        ...{ 'MLPs without a gate': !config.gatedMlp, 'attention and MLP side by side': config.parallelAttnMlp },
        [`heads of ${config.dHead} of which ${config.rotaryDim} dimensions turn`]: config.rotaryDim !== config.dHead,
        ...attentionParts(config).scaled,
      }),
  };
}

/** Llama 3's scaling in the hub's words. */
const scalingOf = ({ rotaryScaling: scaling }: ModelConfig): object | null =>
  scaling === undefined
    ? null
    : {
        rope_type: 'llama3',
        ...{ factor: scaling.factor, low_freq_factor: scaling.lowFreqFactor, high_freq_factor: scaling.highFreqFactor },
        original_max_position_embeddings: scaling.originalCtx,
      };

function projection(layer: number, weight: string, hasBias: boolean): HeldTensor[] {
  const theirs = `layers.${layer}.self_attn.${weight.at(-1)!.toLowerCase()}_proj`;
  return [
    linear(`${theirs}.weight`, weight),
    ...(hasBias ? [linear(`${theirs}.bias`, weight.replace(/W_(.)$/, 'b_$1'))] : []),
  ];
}
