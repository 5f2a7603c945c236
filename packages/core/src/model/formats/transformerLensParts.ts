// What TransformerLens's config says of parts that a model may lack: MLPs, heads that share keys and values, and how rotary
// pairs lie and are stretched.
import { ACTIVATIONS, type Activation } from '../../engine/activations.ts';
import { listed } from '../../errors/names.ts';
import { quoted } from '../../errors/printable.ts';
import type { ModelConfig } from '../config.ts';
import type { FieldReader } from './configFields.ts';
import { FileFormatError } from './fileFormatError.ts';

/** The fields of a model that has such parts; none of one that has not. */
export function toTransformerLensParts(config: ModelConfig): Record<string, unknown> {
  const { dMlp, actFn, gatedMlp = false, parallelAttnMlp = false, nKeyValueHeads, rotaryScaling: scaling } = config;
  return {
    ...(dMlp === undefined
      ? {}
      : { attn_only: false, d_mlp: dMlp, act_fn: actFn, gated_mlp: gatedMlp, parallel_attn_mlp: parallelAttnMlp }),
    ...(nKeyValueHeads === undefined ? {} : { n_key_value_heads: nKeyValueHeads }),
    ...(config.qkNorm ? { use_qk_norm: true } : {}),
    ...(config.rotaryAdjacentPairs ? { rotary_adjacent_pairs: true } : {}),
    ...(scaling
      ? {
          use_NTK_by_parts_rope: true,
          NTK_by_parts_factor: scaling.factor,
          NTK_by_parts_low_freq_factor: scaling.lowFreqFactor,
          NTK_by_parts_high_freq_factor: scaling.highFreqFactor,
          NTK_original_ctx_len: scaling.originalCtx,
        }
      : {}),
  };
}

/** TransformerLens's other names of what an MLP does; its tanh forms compute the same. */
const OTHER_NAMES: Readonly<Record<string, Activation>> = { gelu_fast: 'gelu_new', gelu_pytorch_tanh: 'gelu_new' };

type Parts = Pick<
  ModelConfig,
  | ('dMlp' | 'actFn' | 'gatedMlp' | 'parallelAttnMlp')
  | ('nKeyValueHeads' | 'qkNorm' | 'rotaryAdjacentPairs' | 'rotaryScaling')
>;

/** Reads them. `hasMlp` tells where the config does not say whether there are MLPs. Throws a FileFormatError. */
export function readTransformerLensParts(
  reader: FieldReader,
  { dModel, hasMlp, rotary }: { dModel: number; hasMlp: boolean; rotary: boolean },
): Parts {
  const keyValueHeads = reader.wholeNumber('n_key_value_heads');
  const attentionOnly = reader.flag('attn_only') ?? !hasMlp;
  if (attentionOnly && reader.flag('parallel_attn_mlp'))
    throw new FileFormatError(
      `${reader.file}: its config says that attention and MLP are parallel (parallel_attn_mlp), and there are no MLPs (attn_only); correct one of them.`,
    );
  const turning = readRotary(reader);
  return {
    ...(attentionOnly ? {} : readMlp(reader, dModel)),
    ...(keyValueHeads === undefined ? {} : { nKeyValueHeads: keyValueHeads }),
    ...(reader.flag('use_qk_norm') ? { qkNorm: true } : {}),
    ...(rotary ? turning : {}),
  };
}

function readMlp(reader: FieldReader, dModel: number): Parts {
  const { act_fn: name } = reader.raw;
  const actFn = OTHER_NAMES[name as string] ?? (name as Activation);
  if (!ACTIVATIONS.includes(actFn))
    throw new FileFormatError(
      `${reader.file} has MLPs whose act_fn is ${quoted(name)}; induction-lab runs ${listed([...ACTIVATIONS, ...Object.keys(OTHER_NAMES)], 8)}.`,
    );
  const gatedMlp = reader.flag('gated_mlp') ?? false;
  const parallelAttnMlp = reader.flag('parallel_attn_mlp') ?? false;
  return { dMlp: reader.wholeNumber('d_mlp') ?? 4 * dModel, actFn, gatedMlp, parallelAttnMlp };
}

function readRotary(reader: FieldReader): Parts {
  const rotaryAdjacentPairs = reader.flag('rotary_adjacent_pairs') ?? false;
  if (!reader.flag('use_NTK_by_parts_rope')) return { rotaryAdjacentPairs };
  const needed = (field: string): number => {
    const value = reader.positiveNumber(field);
    if (value === undefined) throw reader.wrongType(field, 'a positive number');
    return value;
  };
  return {
    rotaryAdjacentPairs,
    rotaryScaling: {
      factor: needed('NTK_by_parts_factor'),
      lowFreqFactor: needed('NTK_by_parts_low_freq_factor'),
      highFreqFactor: needed('NTK_by_parts_high_freq_factor'),
      originalCtx: needed('NTK_original_ctx_len'),
    },
  };
}
