// The fields of TransformerLens's configs, versions 1 to 4: which ones say what a model computes, which
// ones have no part in that, and which ones would change it in a way that we do not run.
import type { RawConfig } from './configFields.ts';

/** Read, and checked where they are read. */
export const READ_FIELDS: readonly string[] = [
  'n_layers',
  'n_heads',
  'd_model',
  'd_head',
  'n_ctx',
  'd_vocab',
  'd_vocab_out',
  'eps',
  'normalization_type',
  'positional_embedding_type',
  'use_attn_scale',
  'attn_scale',
  'rotary_dim',
  'rotary_base',
  'attn_only',
  'n_key_value_heads',
  'use_qk_norm',
  'original_architecture',
  ...['d_mlp', 'act_fn', 'gated_mlp', 'parallel_attn_mlp', 'rotary_adjacent_pairs'],
  ...['use_NTK_by_parts_rope', 'NTK_by_parts_factor', 'NTK_by_parts_low_freq_factor', 'NTK_by_parts_high_freq_factor'],
  'NTK_original_ctx_len',
];

/**
 * Whatever they hold, the forward pass is the same: where the weights came from and how they
 * began, the tokenizer, the machine, experts where there are none, and the numbers of methods that are off.
 */
export const IDLE_FIELDS: readonly string[] = [
  ...['model_name', 'architecture', 'from_checkpoint', 'checkpoint_index', 'checkpoint_idx', 'checkpoint_label_type'],
  ...['checkpoint_value', 'tokenizer_name', 'tokenizer_prepends_bos', 'tokenizer_appends_eos', 'default_prepend_bos'],
  ...['default_padding_side', 'decoder_start_token_id', 'init_mode', 'init_weights', 'initializer_range', 'seed'],
  ...['n_params', 'device', 'n_devices', 'dtype', 'trust_remote_code', 'attn_implementation'],
  ...['use_attn_result', 'use_split_qkv_input', 'use_headwise_qkv_input', 'use_hook_mlp_in', 'use_attn_in'],
  ...['use_hook_tokens', 'split_attention_weights', 'ungroup_grouped_query_attention', 'tie_word_embeddings'],
  ...['experts_per_token', 'norm_topk_prob', 'layer_norm_folding'],
  ...['window_size', 'attn_types', 'rotary_base_local', 'train_seq_length'],
  ...['relative_attention_max_distance', 'relative_attention_num_buckets'],
  ...['yarn_factor', 'yarn_attention_factor', 'yarn_beta_fast', 'yarn_beta_slow', 'yarn_truncate'],
  ...['yarn_original_max_position_embeddings', 'yarn_global_attn_only'],
  ...['vision_hidden_size', 'vision_num_layers', 'vision_num_heads', 'mm_tokens_per_image'],
];

/** A field that would change the computation, the values under which it does not (beside null), and what it brings. */
export interface ForeignPart {
  readonly field: string;
  readonly harmless: (value: unknown, config: RawConfig) => boolean;
  readonly part: string;
}

const off = (value: unknown): boolean => value === false;
const never = (): boolean => false;
/** It says what the norms are anyway. */
const rmsToo = (value: unknown, { normalization_type: type }: RawConfig): boolean =>
  value === false || (value === true && (type === 'RMS' || type === 'RMSPre'));
/** Soft caps are off at 0 and below. */
const noCap = (value: unknown): boolean => typeof value === 'number' && value <= 0;

export const FOREIGN_PARTS: readonly ForeignPart[] = (
  [
    ['attention_dir', (value) => value === 'causal', 'attention that is not causal'],
    ['use_local_attn', off, 'local attention'],
    ['scale_attn_by_inverse_layer_idx', off, 'attention scaled by layer'],
    ['rotary_interleaved_cos_sin', off, 'rotary positions with interleaved tables'],
    ['rotary_scaling_factor', (value) => value === 1, 'scaled rotary positions'],
    ['rope_scaling', never, 'scaled rotary positions'],
    ['rope_parameters', never, 'rotary positions with parameters of their own'],
    ['use_dynamic_ntk_rope', off, 'rotary positions scaled by NTK'],
    ['use_yarn_rope', off, 'rotary positions scaled by YaRN'],
    ['post_embedding_ln', off, 'a LayerNorm after the embedding'],
    ['use_normalization_before_and_after', off, 'normalisation after attention'],
    ['final_rms', rmsToo, 'RMSNorm before the unembedding alone'],
    ['uses_rms_norm', rmsToo, 'RMSNorm besides its normalization_type'],
    ['rmsnorm_uses_offset', off, 'RMSNorm'],
    ['qk_norm_after_rope', off, 'normalised queries and keys'],
    ['clip_qkv', never, 'clipped queries, keys and values'],
    ['use_logn_attn', off, 'queries scaled by the logarithm of the position'],
    ['use_attention_sinks', off, 'attention sinks'],
    ['attn_scores_soft_cap', noCap, 'capped attention scores'],
    ['output_logits_soft_cap', noCap, 'capped logits'],
    ['num_experts', never, 'experts'],
    ['load_in_4bit', off, 'weights of four bits'],
    ['quantization_method', never, 'quantised weights'],
    ['scale_embedding', off, 'a scaled embedding'],
    ['per_layer_head_dim', never, 'heads whose size varies by layer'],
    ['per_layer_num_key_value_heads', never, 'grouped keys and values'],
    ['is_audio_model', off, 'audio'],
    ['is_visual_model', off, 'images'],
    ['is_multimodal', off, 'more than text'],
    ['is_stateful', off, 'a recurrent state'],
  ] as const satisfies readonly (readonly [string, ForeignPart['harmless'], string])[]
).map(([field, harmless, part]) => ({ field, harmless, part }));

/** Every field that is known. */
export const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...READ_FIELDS,
  ...IDLE_FIELDS,
  ...FOREIGN_PARTS.map(({ field }) => field),
]);

/** Architectures whose name alone changes what TransformerLens computes: normalised queries and keys, or outputs. */
export const isForeignArchitecture = (value: unknown): boolean =>
  typeof value === 'string' && /^Olmo(e|2|3)/.test(value);
