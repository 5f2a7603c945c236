// Models as the Hugging Face hub holds them: `config.json`, and safetensors in one file or several (shards). Config, names and
// shapes are compared before anything is unpacked; then one tensor after the other is.
import { sizeOf } from '../../../engine/tensor.ts';
import { listed } from '../../../errors/names.ts';
import { printable, quoted } from '../../../errors/printable.ts';
import type { Weight } from '../../components/weight.ts';
import { type ModelConfig, modelConfig } from '../../config.ts';
import { type NamedWeights, weightsOf } from '../../parameters.ts';
import { FieldReader } from '../configFields.ts';
import { FileFormatError } from '../fileFormatError.ts';
import { isWholeType } from '../numberFormats.ts';
import { unpack } from '../safetensors.ts';
import { type HeaderEntry, quotedName, readHeader, shapeText, unreadable } from '../safetensorsHeader.ts';
import { storedShape, toLegacyOrder } from '../spellings.ts';
import type { Family, HeldTensor, HeldWeight } from './family.ts';
import { gpt2 } from './gpt2.ts';
import { gptJ } from './gptJ.ts';
import { gptNeoX } from './gptNeoX.ts';
import { llama, qwen2, qwen3 } from './llama.ts';

const FAMILIES: readonly Family[] = [gpt2, gptNeoX, llama, qwen2, qwen3, gptJ];

/** Tensors that hold no weights: attention masks, and angles of rotary positions. */
const BUFFERS = /(^|\.)(attn|attention)\.(bias|masked_bias)$|\brotary_emb\.inv_freq$/;

/** Whether a config is one of the hub's. */
export const isHuggingFaceConfig = (config: unknown): boolean =>
  typeof config === 'object' && config !== null && 'model_type' in config;

/** A file of a model: the whole of it, or a shard. */
export interface ModelFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The model in a config and its files, which are asked for one after the other. Throws a FileFormatError for a family, a part or a
 * tensor that induction-lab does not know, one that is missing, of another shape or not finite.
 */
export function decodeHuggingFace(
  raw: unknown,
  { configFile, files }: { configFile: string; files: Iterable<ModelFile> },
): { config: ModelConfig; weights: NamedWeights } {
  const { family, config } = readConfig(raw, printable(configFile));
  const held = new Map<string, HeldTensor>();
  const tensors = [
    ...family.outside(config),
    ...Array.from({ length: config.nLayers }, (_, layer) => family.layer(layer, config)).flat(),
  ];
  for (const tensor of tensors) held.set(tensor.name, tensor);
  const ours = new Map([...weightsOf(config)].map((weight) => [weight.name, weight]));
  const weights: Record<string, NamedWeights[string]> = {};
  let names: string[] = [];
  for (const file of files) {
    names = [...names, file.name];
    readFile(file, { family, held, ours, weights });
  }
  for (const { name, absent, layout } of ours.values()) {
    if (weights[name]) continue;
    const holder = tensors.find((tensor) => tensor.weights.some((weight) => weight.name === name));
    if (holder || absent !== 'zeros')
      throw new FileFormatError(
        `${listed(names.map(printable), 3)} lacks the tensor ${holder?.name ?? name}, which its config calls for; check that all files of the model are there, and the config.`,
      );
    weights[name] = { shape: layout.shape, data: new Float32Array(sizeOf(layout.shape)) };
  }
  return { config, weights: Object.fromEntries([...ours.keys()].map((name) => [name, weights[name]!])) };
}

function readConfig(raw: unknown, file: string): { family: Family; config: ModelConfig } {
  const fields = new FieldReader(raw as Record<string, unknown>, file);
  const type = fields.raw.model_type;
  const family = FAMILIES.find(({ modelTypes }) => modelTypes.includes(type as string));
  if (!family)
    throw new FileFormatError(
      `${file}: models of the family ${quoted(type)} are not read; induction-lab reads ${FAMILIES.flatMap(({ modelTypes }) => modelTypes).join(', ')}.`,
    );
  if (fields.raw.quantization_config != null)
    throw new FileFormatError(`${file}: the model is quantised (quantization_config); take the one it was made from.`);
  try {
    return { family, config: modelConfig(family.options(fields)) };
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    throw new FileFormatError(`${file}: the config is impossible: ${(error as Error).message.replace(/^\w+: /, '')}`);
  }
}

interface Reading {
  readonly family: Family;
  readonly held: ReadonlyMap<string, HeldTensor>;
  readonly ours: ReadonlyMap<string, Weight>;
  readonly weights: Record<string, NamedWeights[string]>;
}

function readFile({ name: file, bytes }: ModelFile, { family, held, ours, weights }: Reading): void {
  const { entries, rangeFault } = readHeader(bytes, file);
  if (rangeFault) throw unreadable(file, rangeFault);
  const found: { entry: HeaderEntry; wanted: { weight: Weight; as: HeldWeight['as'] }[] }[] = [];
  for (const entry of entries.values()) {
    const name = entry.name.startsWith(family.prefix) ? entry.name.slice(family.prefix.length) : entry.name;
    const tensor = held.get(name);
    if (BUFFERS.test(name) && !tensor) continue;
    if (!tensor || isWholeType(entry.type))
      throw new FileFormatError(
        `${printable(file)} has the tensor ${quotedName(entry.name)}${tensor ? ` of whole numbers (${entry.type})` : ''}, which is no part of the model that its config describes; check the config.`,
      );
    const wanted = tensor.weights.flatMap(({ name: weight, as }) => {
      const own = ours.get(weight); // a tied model has no W_U of its own, whatever the file has
      return own ? [{ weight: own, as }] : [];
    });
    for (const { weight, as } of wanted) {
      const shape = shapeOf(weight, as);
      if (shape.join() !== entry.shape.join())
        throw new FileFormatError(
          `${printable(file)}: ${entry.name} has shape ${shapeText(entry.shape)}, its config calls for ${shapeText(shape)}; check the config.`,
        );
      if (weights[weight.name])
        throw new FileFormatError(
          `${printable(file)} has ${quotedName(entry.name)} a second time; remove one of them.`,
        );
    }
    found.push({ entry, wanted });
  }
  for (const { entry, wanted } of found) {
    if (wanted.length === 0) continue;
    const data = unpack(bytes, entry);
    const wrong = data.findIndex((x) => !Number.isFinite(x));
    if (wrong >= 0)
      throw new FileFormatError(
        `${printable(file)}: ${entry.name} holds ${data[wrong]} at element ${wrong}; the training that made it had failed.`,
      );
    for (const { weight, as } of wanted)
      weights[weight.name] = { shape: weight.layout.shape, data: partOf(data, weight, as) };
  }
}

/** The shape of the tensor that holds a weight. */
function shapeOf(weight: Weight, as: HeldWeight['as']): readonly number[] {
  const { shape } = weight.layout;
  if (as === 'linear') return storedShape(weight, 'native');
  if (as === 'asIs') return weight.storedAs === 'headOutputs' ? [shape[0]! * shape[1]!, shape[2]!] : shape;
  const [heads, dHead] = [shape[0] as number, shape.at(-1) as number];
  const joined = 3 * heads * dHead;
  if (shape.length === 2) return [joined];
  return 'columns' in as ? [shape[1] as number, joined] : [joined, shape[1] as number];
}

/** The elements of a weight in our order, from those of the tensor that holds it. */
function partOf(data: Float32Array, weight: Weight, as: HeldWeight['as']): Float32Array {
  if (as === 'linear') return toLegacyOrder(data, { weight, spelling: 'native' });
  if (as === 'asIs') return data;
  const { shape } = weight.layout;
  const [heads, dHead] = [shape[0] as number, shape.at(-1) as number];
  const dModel = shape.length === 2 ? 1 : (shape[1] as number);
  const size = heads * dHead;
  const out = new Float32Array(size * dModel);
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < dModel; i++)
      for (let c = 0; c < dHead; c++)
        out[(head * dModel + i) * dHead + c] =
          'columns' in as
            ? data[i * 3 * size + as.columns * size + head * dHead + c]!
            : data[((head * 3 + as.rows) * dHead + c) * dModel + i]!;
  return out;
}
