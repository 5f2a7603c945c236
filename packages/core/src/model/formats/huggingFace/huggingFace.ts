// Models as the Hugging Face hub holds them: `config.json`, and safetensors in one file or several (shards).
import { LARGEST_MEMORY, sizeText } from '../../../engine/tensor.ts';
import { printable, quoted } from '../../../errors/printable.ts';
import { TooLargeError } from '../../../errors/tooLarge.ts';
import { type ModelConfig, modelConfig } from '../../config.ts';
import type { ByteSource } from '../byteSource.ts';
import { FieldReader } from '../configFields.ts';
import { FileFormatError } from '../fileFormatError.ts';
import type { HeldTensor } from '../heldTensor.ts';
import { type FileTensor, openHeld } from '../heldWeights.ts';
import { isWholeType } from '../numberFormats.ts';
import type { OpenedModel } from '../openedModel.ts';
import { unpack } from '../safetensors.ts';
import { readHeader, unreadable } from '../safetensorsHeader.ts';
import type { Family } from './family.ts';
import { gpt2 } from './gpt2.ts';
import { gptJ } from './gptJ.ts';
import { gptNeoX } from './gptNeoX.ts';
import { llama, qwen2, qwen3 } from './llama.ts';
import { isNanoGptConfig, NANO_GPT_BUFFERS, nanoGpt } from './nanoGpt.ts';

const FAMILIES: readonly Family[] = [gpt2, gptNeoX, llama, qwen2, qwen3, gptJ];

/** Tensors that hold no weights: attention masks, and angles of rotary positions. */
const BUFFERS = /(^|\.)(attn|attention)\.(bias|masked_bias)$|\brotary_emb\.inv_freq$/;

/** Whether a config is one of the hub's, or of nanoGPT or minGPT: one that says of a family which tensors there are. */
export const isHuggingFaceConfig = (config: unknown): boolean =>
  isNanoGptConfig(config) || (typeof config === 'object' && config !== null && 'model_type' in config);

/**
 * The model in a config, whose name is `configFile`, and its files. Throws a FileFormatError for a family, a part or a tensor that induction-lab does not know, one
 * that is missing or of another shape.
 * @param raw The contents of config.json.
 */
export function openHuggingFace(
  raw: unknown,
  { configFile, files }: { configFile: string; files: readonly ByteSource[] },
): OpenedModel {
  const fields = new FieldReader(raw as Record<string, unknown>, printable(configFile));
  const tensors = files.flatMap(tensorsOf);
  const isNano = isNanoGptConfig(raw);
  const family = isNano ? nanoGpt : familyOf(fields);
  const named = possibleConfig(() => family.options(fields), fields.file);
  // The unembedding may have been trained by itself: where it is there, it is read.
  const config = isNano ? { ...named, tied: !tensors.some(({ name }) => name.endsWith('lm_head.weight')) } : named;
  const absent = family.without?.(fields);
  const weights = openHeld(tensors, {
    ...{ config, held: (of) => tensorsOfFamily(family, of).filter(({ name }) => !absent?.test(name)) },
    prefix: family.prefix,
    buffers: isNano ? NANO_GPT_BUFFERS : BUFFERS,
    files: files.map(({ name }) => name),
  });
  return { config, metadata: {}, weights };
}

/** Every tensor of a model of the family, without the prefix. */
export const tensorsOfFamily = (
  { outside, layer }: Pick<Family, 'outside' | 'layer'>,
  config: ModelConfig,
): readonly HeldTensor[] => [
  ...outside(config),
  ...Array.from({ length: config.nLayers }, (_, index) => layer(index, config)).flat(),
];

/** The tensors of a safetensors file. */
export function tensorsOf(source: ByteSource): FileTensor[] {
  const { entries, rangeFault } = readHeader(source);
  if (rangeFault) throw unreadable(source.name, rangeFault);
  return [...entries.values()].map((entry) => ({
    ...{ file: source.name, name: entry.name, shape: entry.shape },
    ...(isWholeType(entry.type) ? { wholeType: entry.type } : {}),
    unpack: () => unpack(source, entry),
  }));
}

function familyOf({ raw, file }: FieldReader): Family {
  const type = raw.model_type;
  const family = FAMILIES.find(({ modelTypes }) => modelTypes.includes(type as string));
  if (!family)
    throw new FileFormatError(
      `${file}: models of the family ${quoted(type)} are not read; induction-lab reads ${FAMILIES.flatMap(({ modelTypes }) => modelTypes).join(', ')}.`,
    );
  if (raw.quantization_config != null)
    throw new FileFormatError(`${file}: the model is quantised (quantization_config); take the one it was made from.`);
  return family;
}

/** A config of ours from one of theirs; what is impossible about it is told with the file's name. */
export function possibleConfig(options: () => Parameters<typeof modelConfig>[0], file: string): ModelConfig {
  try {
    return modelConfig(options());
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    if (error instanceof TooLargeError && error.bytes !== null)
      throw new FileFormatError(
        `${file}: the model is too large: its weights take ${sizeText(error.bytes)} in float32, and WebAssembly's memory ends at ${sizeText(LARGEST_MEMORY)}; choose a smaller one.`,
      );
    throw new FileFormatError(`${file}: the config is impossible: ${(error as Error).message.replace(/^\w+: /, '')}`);
  }
}
