// Checkpoints: safetensors with TransformerLens's legacy names and its config as JSON in the metadata, so that Python
// reads what we write. Reads TransformerLens's native names too. Parts that we do not run are refused by name.

import { referenceEngine } from '../engine/engine.ts';
import { type ModelConfig, modelConfig } from './config.ts';
import { toLegacyNames, transposed } from './nativeNames.ts';
import { type NamedWeights, Parameters } from './parameters.ts';
import { decodeSafetensors, encodeSafetensors, FileFormatError } from './safetensors.ts';

export interface Checkpoint {
  readonly config: ModelConfig;
  readonly weights: NamedWeights;
  readonly metadata: Record<string, string>;
}

/** The config with TransformerLens's field names. Positions that it lacks are `standard` there (see ownFields). */
export function toTransformerLensConfig(config: ModelConfig): Record<string, unknown> {
  const { positions } = config;
  const named = positions === 'sinusoidal' || positions === 'none' ? 'standard' : positions;
  return {
    n_layers: config.nLayers,
    n_heads: config.nHeads,
    d_model: config.dModel,
    d_head: config.dHead,
    n_ctx: config.nCtx,
    d_vocab: config.dVocab,
    d_vocab_out: config.dVocab,
    attn_only: true,
    act_fn: null,
    eps: config.eps,
    normalization_type: config.normalization,
    positional_embedding_type: named,
    use_attn_scale: true,
    attn_scale: config.attnScale,
    attention_dir: 'causal',
    default_prepend_bos: false,
    ...(positions === 'rotary' ? { rotary_dim: config.rotaryDim, rotary_base: config.rotaryBase } : {}),
  };
}

/** What TransformerLens's config cannot say: fixed positions, a tied unembedding. */
const ownFields = ({ positions, tied, biases }: ModelConfig): string => JSON.stringify({ positions, tied, biases });

/** Encodes a model; a tied W_U is written out. `metadata` is added to the file's own. */
export function encodeCheckpoint(
  config: ModelConfig,
  weights: NamedWeights,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const tied = config.tied && weights['embed.W_E'] ? { 'unembed.W_U': transposed(weights['embed.W_E']) } : {};
  return encodeSafetensors(
    { ...weights, ...tied },
    {
      ...metadata,
      format: 'pt',
      config: JSON.stringify(toTransformerLensConfig(config)),
      induction_lab: ownFields(config),
    },
  );
}

/**
 * Decodes a checkpoint. `config` replaces the one in the file (for a file that has none). Missing biases are zeros.
 * Throws a FileFormatError: corrupt file, no config, a part that we do not run, a tensor missing or of another shape.
 */
export function decodeCheckpoint(bytes: Uint8Array, file: string, options: { config?: unknown } = {}): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  refuseParts(Object.keys(tensors), file);
  const raw = options.config ?? parseConfig(metadata.config, file);
  const named = toLegacyNames(tensors, raw);
  const own = parseOwn(metadata.induction_lab);
  const config = readConfig(raw, own, named, file);
  return { config, weights: collectWeights(config, named, raw as RawConfig, file), metadata };
}

type RawConfig = Record<string, unknown>;

function parseConfig(text: string | undefined, file: string): unknown {
  if (text === undefined)
    throw new FileFormatError(
      `${file} holds no config; write its TransformerLens config (n_layers, n_heads, d_model, d_head, n_ctx, d_vocab, normalization_type, positional_embedding_type ...) to a JSON file and pass it with --model-config FILE.`,
    );
  try {
    return JSON.parse(text);
  } catch {
    throw new FileFormatError(
      `${file}: the config in its metadata is not JSON; pass a good one with --model-config FILE.`,
    );
  }
}

/** Our own fields; a file without them, or with something else there, is like any foreign file. */
function parseOwn(text: string | undefined): Partial<ModelConfig> {
  try {
    return (JSON.parse(text ?? '{}') as Partial<ModelConfig> | null) ?? {};
  } catch {
    return {};
  }
}

/** Refuses by tensor name what an attention-only program would have to leave out. */
function refuseParts(names: readonly string[], file: string): void {
  const part = (pattern: RegExp, what: string): void => {
    const found = names.find((name) => pattern.test(name));
    if (found)
      throw new FileFormatError(
        `${file} has ${what} (${found}), which induction-lab does not run; it runs attention-only models.`,
      );
  };
  part(/\bmlp\b|\bln2\b|post_attention_layernorm|feed_forward|\bffn\b/, 'an MLP');
  part(/(q_norm|k_norm)\b/, 'normalised queries and keys');
  part(/\b(bos_)?W_pos_rel|relative_attention_bias/, 'relative positions');
}

/** Fields that would change the computation, with the values under which they do not. */
const UNSUPPORTED: readonly [field: string, harmless: readonly unknown[], part: string][] = [
  ['attention_dir', ['causal'], 'attention that is not causal'],
  ['use_local_attn', [false], 'local attention'],
  ['scale_attn_by_inverse_layer_idx', [false], 'attention scaled by layer'],
  ['rotary_adjacent_pairs', [false], 'rotary positions in adjacent pairs'],
  ['post_embedding_ln', [false], 'a LayerNorm after the embedding'],
  ['use_normalization_before_and_after', [false], 'normalisation after attention'],
  ['use_qk_norm', [false], 'normalised queries and keys'],
  ['attn_scores_soft_cap', [-1, 0], 'capped attention scores'],
  ['output_logits_soft_cap', [-1, 0], 'capped logits'],
  ['num_experts', [], 'experts'],
];

function readConfig(raw: unknown, own: Partial<ModelConfig>, tensors: Tensors, file: string): ModelConfig {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new FileFormatError(`${file}: its config must be a JSON object with TransformerLens's field names.`);
  const c = raw as RawConfig;
  const refuse = (part: string): never => {
    throw new FileFormatError(`${file} has ${part}, which induction-lab does not run.`);
  };
  if (c.attn_only === false) refuse('MLPs (attn_only is false)');
  if (c.normalization_type === 'RMS' || c.normalization_type === 'RMSPre')
    refuse(`RMSNorm (normalization_type "${c.normalization_type}")`);
  if (![null, undefined, 'LN', 'LNPre'].includes(c.normalization_type as null | undefined | string))
    refuse(`the unknown normalization_type ${JSON.stringify(c.normalization_type)}`);
  for (const [field, harmless, part] of UNSUPPORTED)
    if (c[field] !== undefined && c[field] !== null && !harmless.includes(c[field]))
      refuse(`${part} (${field} is ${JSON.stringify(c[field])})`);
  if (c.n_key_value_heads != null && c.n_key_value_heads !== c.n_heads)
    refuse('grouped keys and values (n_key_value_heads)');
  if (c.d_vocab_out != null && c.d_vocab_out !== -1 && c.d_vocab_out !== c.d_vocab)
    refuse('an output vocabulary of its own (d_vocab_out)');
  const positional = (c.positional_embedding_type ?? 'standard') as string;
  if (!['standard', 'shortformer', 'rotary'].includes(positional))
    refuse(`"${positional}" positions (positional_embedding_type)`);
  const sizes = {
    nLayers: 'n_layers',
    nHeads: 'n_heads',
    dModel: 'd_model',
    dHead: 'd_head',
    nCtx: 'n_ctx',
    dVocab: 'd_vocab',
  };
  for (const field of Object.values(sizes))
    if (!Number.isInteger(c[field]))
      throw new FileFormatError(
        `${file}: its config needs a whole number as ${field}, got ${JSON.stringify(c[field])}.`,
      );
  const size = Object.fromEntries(Object.entries(sizes).map(([ours, theirs]) => [ours, c[theirs] as number])) as Record<
    keyof typeof sizes,
    number
  >;
  const ownPositions = own.positions === 'sinusoidal' || own.positions === 'none' ? own.positions : undefined;
  const scale =
    c.use_attn_scale === false ? 1 : typeof c.attn_scale === 'number' && c.attn_scale > 0 ? c.attn_scale : undefined;
  try {
    return modelConfig({
      ...size,
      positions: (ownPositions ?? positional) as ModelConfig['positions'],
      normalization: c.normalization_type == null ? null : 'LN',
      biases: own.biases ?? Object.keys(tensors).some((name) => /\.b_[QKVOU]$/.test(name)),
      tied: own.tied ?? false,
      ...(typeof c.eps === 'number' ? { eps: c.eps } : {}),
      ...(scale === undefined ? {} : { attnScale: scale }),
      ...(typeof c.rotary_dim === 'number' ? { rotaryDim: c.rotary_dim } : {}),
      ...(typeof c.rotary_base === 'number' ? { rotaryBase: c.rotary_base } : {}),
    });
  } catch (error) {
    throw new FileFormatError(
      `${file}: ${(error as Error).message.replace(/^modelConfig: /, 'its config is impossible: ')}`,
    );
  }
}

type Tensors = Record<string, { shape: readonly number[]; data: ArrayLike<number> }>;

/** Buffers of TransformerLens that hold no weights. */
const BUFFERS = /\.(mask|IGNORE|rotary_sin|rotary_cos)$/;

const missing = (name: string, file: string): FileFormatError =>
  new FileFormatError(`${file} has no tensor ${name}, which its config calls for; check the file and the config.`);

function expectShape(
  found: { readonly shape: readonly number[] },
  { name, shape, file }: { name: string; shape: readonly number[]; file: string },
): void {
  if (found.shape.join() !== shape.join())
    throw new FileFormatError(
      `${file}: ${name} has shape [${found.shape}], its config calls for [${shape}]; check the config.`,
    );
}

/** Looks at a few tensors before memory for all of them is laid out: a config may ask for any amount. */
function refuseOtherSizes(
  { nLayers, nHeads, dModel, dHead, dVocab }: ModelConfig,
  tensors: Tensors,
  file: string,
): void {
  const shapes: readonly (readonly [string, readonly number[]])[] = [
    ['embed.W_E', [dVocab, dModel]],
    [`blocks.${nLayers - 1}.attn.W_Q`, [nHeads, dModel, dHead]],
  ];
  for (const [name, shape] of shapes) {
    const found = tensors[name];
    if (!found) throw missing(name, file);
    expectShape(found, { name, shape, file });
  }
}

function collectWeights(config: ModelConfig, tensors: Tensors, raw: RawConfig, file: string): NamedWeights {
  refuseOtherSizes(config, tensors, file);
  const expected = new Parameters(config, referenceEngine.createArena());
  const weights: Record<string, { shape: readonly number[]; data: ArrayLike<number> }> = {};
  const unitLayerNorm = raw.normalization_type === 'LNPre'; // gains were folded into the matrices that follow
  for (const { name, shape, size } of expected.all) {
    const found = tensors[name];
    if (!found) {
      const isBias = /\.b_[QKVOU]$/.test(name);
      if (
        !isBias &&
        !(unitLayerNorm && /\bln(1|_final)\.[wb]$/.test(name)) &&
        !(name === 'pos_embed.W_pos' && config.positions === 'none')
      )
        throw missing(name, file);
      weights[name] = { shape, data: new Float32Array(size).fill(/\.w$/.test(name) ? 1 : 0) };
      continue;
    }
    expectShape(found, { name, shape, file });
    for (let i = 0; i < found.data.length; i++)
      if (!Number.isFinite(found.data[i] as number))
        throw new FileFormatError(
          `${file}: ${name} holds ${found.data[i]} at element ${i}; the training that made it had failed.`,
        );
    weights[name] = found;
  }
  if (config.tied) checkTied(tensors, file);
  const unknown = Object.keys(tensors).find(
    (name) => !(name in weights) && !BUFFERS.test(name) && !(config.tied && name === 'unembed.W_U'),
  );
  if (unknown)
    throw new FileFormatError(
      `${file} has the tensor ${unknown}, which is no part of the model that its config describes; check the config.`,
    );
  return weights;
}

function checkTied(tensors: Tensors, file: string): void {
  const [W_E, W_U] = [tensors['embed.W_E'], tensors['unembed.W_U']];
  if (!W_E || !W_U) return;
  const want = transposed(W_E).data;
  if (want.some((x, i) => x !== W_U.data[i]))
    throw new FileFormatError(
      `${file} says that its unembedding is tied, but W_U is not the transpose of W_E; save it untied.`,
    );
}
