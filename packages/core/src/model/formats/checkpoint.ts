// Reading checkpoints: what encodeCheckpoint writes, and TransformerLens 4's two spellings too. Parts that we do not run are
// refused by name, and config, names and shapes are compared before anything is unpacked: a file of a few bytes may ask for
// any memory.
import * as z from 'zod/mini';
import { checkArgument } from '../../errors/arguments.ts';
import { printable } from '../../errors/printable.ts';
import type { ModelConfig } from '../config.ts';
import type { NamedWeights } from '../parameters.ts';
import { type ByteSource, sourceOf } from './byteSource.ts';
import { COMMAND_WORDS, type ConfigWords, FileFormatError } from './fileFormatError.ts';
import { mergeShards, shardOf } from './foreignFormats.ts';
import { openGguf } from './gguf/gguf.ts';
import { isGguf, notGguf } from './gguf/ggufHeader.ts';
import { isHuggingFaceConfig, openHuggingFace } from './huggingFace/huggingFace.ts';
import { keyFault } from './jsonKeys.ts';
import { allWeights, type OpenedModel } from './openedModel.ts';
import { checkBytes } from './safetensors.ts';
import { quotedName, readHeader, unreadable } from './safetensorsHeader.ts';
import { checkTied, compareShapes, factsOf, inLegacyNames, refuseOtherMask, unpackEach } from './storedWeights.ts';
import { parseOwnFields, readTransformerLensConfig } from './transformerLensConfig.ts';

export { encodeCheckpoint } from './encodeCheckpoint.ts';
export { toTransformerLensConfig } from './transformerLensConfig.ts';

/** A model's config and weights as a checkpoint holds them. */
export interface Checkpoint {
  readonly config: ModelConfig;
  readonly weights: NamedWeights;
  /** The text fields of the file's header, by name. */
  readonly metadata: Record<string, string>;
}

/** What decodeCheckpoint is given, before it looks at a byte. */
function checkDecoded(bytes: unknown, file: unknown, options: unknown): void {
  checkBytes('decodeCheckpoint', bytes, file);
  checkArgument('decodeCheckpoint', 'options', CheckpointOptionsSchema, options);
}

/** How a checkpoint is read. */
export interface CheckpointOptions {
  /** Replaces the config in the file, for a file that has none. */
  readonly config?: unknown;
  /** How the remedies of the messages call that config; the command line's option unless given. */
  readonly words?: ConfigWords;
}

const CheckpointOptionsSchema = z.strictObject({
  config: z.optional(z.unknown()),
  words: z.optional(z.strictObject({ pass: z.string(), name: z.string() })),
});

/**
 * Decodes a checkpoint, or a GGUF file. `config` replaces the one in the file (for a file that has none); a Hugging Face config
 * (`model_type`) says that the tensors have that family's names. Missing biases are zeros. Takes
 * memory in proportion to the bytes. Throws a FileFormatError: corrupt file or another format, no config, a part that we
 * do not run, a field that we do not know, a tensor missing, unknown or of another shape; its `code` tells what is wrong with
 * a config from all else.
 * @param bytes The file's bytes.
 * @param file Its name, for messages.
 */
export function decodeCheckpoint(bytes: Uint8Array, file: string, options: CheckpointOptions = {}): Checkpoint {
  checkDecoded(bytes, file, options);
  const opened = openCheckpoint(sourceOf(bytes, file), options);
  return { config: opened.config, weights: allWeights(opened), metadata: opened.metadata };
}

/**
 * The same, with weights that are read one after the other, when they are asked for.
 * @throws a FileFormatError that names the tensor or field which is not as it must be.
 */
export function openCheckpoint(source: ByteSource, options: CheckpointOptions = {}): OpenedModel {
  const { name: file } = source;
  const { words = COMMAND_WORDS } = options;
  if (isGguf(source)) {
    if (options.config === undefined) return openGguf(source);
    throw new FileFormatError(
      `${printable(file)} is a GGUF file, whose metadata are its config; leave ${words.name} out.`,
      { code: 'config-unwanted' },
    );
  }
  if (/\.gguf$/i.test(file)) throw notGguf(source);
  if (isHuggingFaceConfig(options.config))
    return openHuggingFace(options.config, { configFile: `the config of ${file}`, files: [source] });
  const { entries, metadata, rangeFault } = readHeader(source);
  if (rangeFault && options.config === undefined && metadata.config === undefined) throw unreadable(file, rangeFault);
  const raw = options.config !== undefined ? options.config : parseConfig(metadata.config, file, words);
  if (isHuggingFaceConfig(raw)) return openHuggingFace(raw, { configFile: `the config in ${file}`, files: [source] });
  refuseParts([...entries.keys()], file);
  const own = parseOwnFields(metadata.induction_lab, file);
  const stored = inLegacyNames(entries, source);
  const { config, folded } = readTransformerLensConfig(raw, {
    ...factsOf(stored),
    file,
    own,
    replaced: options.config !== undefined,
  });
  const plan = compareShapes(config, stored, { entries, folded, file });
  if (rangeFault) throw unreadable(file, rangeFault);
  for (const { entry } of stored.values()) refuseOtherMask(source, entry);
  return {
    ...{ config, metadata },
    *weights(wanted) {
      yield* unpackEach(source, plan, wanted);
      if (config.tied) checkTied(source, stored, config);
    },
  };
}

function parseConfig(text: string | undefined, file: string, { pass }: ConfigWords): unknown {
  const name = printable(file);
  if (text === undefined) {
    const shard = shardOf(file);
    throw new FileFormatError(
      shard
        ? `${name} holds no config and is by its name shard ${shard.number} of ${shard.total} of a model: ${mergeShards(file)}, then pass its config ${pass}.`
        : `${name} holds no config; write its TransformerLens config (n_layers, n_heads, d_model, d_head, n_ctx, d_vocab, normalization_type, positional_embedding_type ...) to a JSON file, or take the config.json of the hub, and pass it ${pass}.`,
      { code: 'config-missing' },
    );
  }
  const broken = (fault: string): FileFormatError =>
    new FileFormatError(`${name}: the config in its metadata ${fault}; pass a good one ${pass}.`, {
      code: 'config-broken',
    });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw broken('is not JSON');
  }
  const fault = keyFault(text);
  if (fault) throw broken(fault);
  return json;
}

/** Refuses by tensor name what the program would have to leave out. */
function refuseParts(names: readonly string[], file: string): void {
  const part = (pattern: RegExp, what: string): void => {
    const found = names.find((name) => pattern.test(name));
    if (found !== undefined)
      throw new FileFormatError(
        `${printable(file)} has ${what} (${quotedName(found)}), which induction-lab does not run.`,
      );
  };
  part(/\b(bos_)?W_pos_rel|relative_attention_bias/, 'relative positions');
}
