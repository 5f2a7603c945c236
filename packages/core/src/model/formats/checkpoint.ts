// Checkpoints: safetensors with TransformerLens's legacy names and its config as JSON in the metadata, so that Python
// reads what we write. Reads TransformerLens 4's two spellings too. Parts that we do not run are refused by name, and
// config, names and shapes are compared before anything is unpacked: a file of a few bytes may ask for any memory.
import * as z from 'zod/mini';
import { ArgumentError, checkArgument } from '../../errors/arguments.ts';
import { printable, quoted } from '../../errors/printable.ts';
import { type ModelConfig, modelConfig } from '../config.ts';
import type { NamedWeights } from '../parameters.ts';
import { firstThatIsNone } from '../weightChecks.ts';
import { checkShapes, weightShapes } from '../weightShapes.ts';
import { FileFormatError } from './fileFormatError.ts';
import { mergeShards, shardOf } from './foreignFormats.ts';
import { keyFault } from './jsonKeys.ts';
import { missingTensor } from './missingTensor.ts';
import { type LegacyName, legacyName, type Spelling, storedShape, toLegacyOrder, transposed } from './nativeNames.ts';
import { isWholeType } from './numberFormats.ts';
import { checkBytes, encodeSafetensors, unpack } from './safetensors.ts';
import { type HeaderEntry, quotedName, readHeader, shapeText, unreadable } from './safetensorsHeader.ts';
import {
  ownFields,
  parseOwnFields,
  readTransformerLensConfig,
  toTransformerLensConfig,
} from './transformerLensConfig.ts';

export { toTransformerLensConfig } from './transformerLensConfig.ts';

export interface Checkpoint {
  readonly config: ModelConfig;
  readonly weights: NamedWeights;
  readonly metadata: Record<string, string>;
}

/**
 * Encodes a model; a tied W_U is written out. `metadata` is added to the file's own. Throws an ArgumentError for what could
 * not be read again: an impossible config, a weight missing, unknown, of another shape or not finite in float32.
 */
export function encodeCheckpoint(
  config: ModelConfig,
  weights: NamedWeights,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  checkEncoded(config, weights, metadata);
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

function checkEncoded(config: ModelConfig, weights: NamedWeights, metadata: Record<string, string>): void {
  const caller = 'encodeCheckpoint';
  checkArgument(caller, 'config', z.looseObject({ nLayers: z.number() }), config);
  checkArgument(caller, 'weights', z.record(z.string(), z.looseObject({})), weights);
  checkArgument(caller, 'metadata', z.record(z.string(), z.string()), metadata);
  const shapes = [...weightShapes(modelConfig(config))];
  const known = new Set(shapes.map(({ name }) => name));
  const missing = shapes.find(({ name }) => weights[name] === undefined);
  if (missing) throw new ArgumentError(`${caller}: weights has no ${missing.name}; pass all of a model's weights.`);
  const unknown = Object.keys(weights).find((name) => !known.has(name) && !(config.tied && name === 'unembed.W_U'));
  if (unknown !== undefined)
    throw new ArgumentError(`${caller}: weights has ${quoted(unknown)}, which is no weight of this config.`);
  checkShapes(config, weights, caller);
  for (const name of known) {
    const { data } = weights[name] as NamedWeights[string];
    const wrong = firstThatIsNone(data, 4);
    if (wrong >= 0)
      throw new ArgumentError(
        `${caller}: ${name} holds ${quoted(data[wrong])} at element ${wrong}, which no reader takes; the training that made it had failed.`,
      );
  }
}

/** What decodeCheckpoint is given, before it looks at a byte. */
function checkDecoded(bytes: unknown, file: unknown, options: unknown): void {
  checkBytes('decodeCheckpoint', bytes, file);
  checkArgument('decodeCheckpoint', 'options', z.strictObject({ config: z.optional(z.unknown()) }), options);
}

/**
 * Decodes a checkpoint. `config` replaces the one in the file (for a file that has none). Missing biases are zeros. Takes
 * memory in proportion to the bytes. Throws a FileFormatError: corrupt file or another format, no config, a part that we
 * do not run, a field that we do not know, a tensor missing, unknown or of another shape.
 */
export function decodeCheckpoint(bytes: Uint8Array, file: string, options: { config?: unknown } = {}): Checkpoint {
  checkDecoded(bytes, file, options);
  const { entries, metadata, rangeFault } = readHeader(bytes, file);
  refuseParts([...entries.keys()], file);
  if (rangeFault && options.config === undefined && metadata.config === undefined) throw unreadable(file, rangeFault);
  const raw = options.config !== undefined ? options.config : parseConfig(metadata.config, file);
  const own = parseOwnFields(metadata.induction_lab, file);
  const stored = inLegacyNames(entries, file);
  const { config, folded } = readTransformerLensConfig(raw, {
    ...factsOf(stored),
    file,
    own,
    replaced: options.config !== undefined,
  });
  const plan = compareShapes(config, stored, { entries, folded, file });
  if (rangeFault) throw unreadable(file, rangeFault);
  for (const { entry } of stored.values()) refuseOtherMask(bytes, entry, file);
  const weights = unpackAll(bytes, plan, { config, file });
  if (config.tied) checkTied(bytes, stored, { weights, config, file });
  return { config, weights, metadata };
}

function parseConfig(text: string | undefined, file: string): unknown {
  const name = printable(file);
  if (text === undefined) {
    const shard = shardOf(file);
    throw new FileFormatError(
      shard
        ? `${name} holds no config and is by its name shard ${shard.number} of ${shard.total} of a model: ${mergeShards(file)}, then pass its config with --model-config FILE.`
        : `${name} holds no config; write its TransformerLens config (n_layers, n_heads, d_model, d_head, n_ctx, d_vocab, normalization_type, positional_embedding_type ...) to a JSON file and pass it with --model-config FILE.`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FileFormatError(
      `${name}: the config in its metadata is not JSON; pass a good one with --model-config FILE.`,
    );
  }
  const fault = keyFault(text);
  if (fault)
    throw new FileFormatError(
      `${name}: the config in its metadata ${fault}; pass a good one with --model-config FILE.`,
    );
  return json;
}

/** Refuses by tensor name what an attention-only program would have to leave out. */
function refuseParts(names: readonly string[], file: string): void {
  const part = (pattern: RegExp, what: string): void => {
    const found = names.find((name) => pattern.test(name));
    if (found !== undefined)
      throw new FileFormatError(
        `${printable(file)} has ${what} (${quotedName(found)}), which induction-lab does not run; it runs attention-only models.`,
      );
  };
  part(/\bmlp\b|\bln2\b|post_attention_layernorm|feed_forward|\bffn\b/, 'an MLP');
  part(/(q_norm|k_norm)\b/, 'normalised queries and keys');
  part(/\b(bos_)?W_pos_rel|relative_attention_bias/, 'relative positions');
}

/** A tensor of the file, its legacy name, and the spelling that it was found in. */
interface Stored extends LegacyName {
  readonly entry: HeaderEntry;
}

/** By legacy name. Throws when a file holds the same weight under two names. */
function inLegacyNames(entries: ReadonlyMap<string, HeaderEntry>, file: string): Map<string, Stored> {
  const stored = new Map<string, Stored>();
  for (const entry of entries.values()) {
    const legacy = legacyName(entry.name);
    const other = stored.get(legacy.name);
    if (other)
      throw new FileFormatError(
        `${printable(file)} holds the same weight twice, as ${quotedName(other.entry.name)} and as ${quotedName(entry.name)}; remove one of them.`,
      );
    stored.set(legacy.name, { ...legacy, entry });
  }
  return stored;
}

function factsOf(stored: ReadonlyMap<string, Stored>): {
  spelling: Spelling;
  hasBiases: boolean;
  hasLayerNorm: boolean;
} {
  let spelling: Spelling = 'legacy';
  let hasBiases = false;
  let hasLayerNorm = false;
  for (const { name, spelling: own } of stored.values()) {
    if (own !== 'legacy' && spelling !== 'native') spelling = own;
    hasBiases ||= /\.b_[QKVOU]$/.test(name);
    hasLayerNorm ||= /^(blocks\.\d+\.ln1|ln_final)\.[wb]$/.test(name);
  }
  return { spelling, hasBiases, hasLayerNorm };
}

/** A weight of the model: what of the file it comes from, or the number that all its elements are. */
interface PlannedWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly from: Stored | number;
}

/** Buffers of TransformerLens that hold no weights. */
const BUFFERS = /\.(mask|IGNORE|rotary_sin|rotary_cos|causal_mask|cos_cached|sin_cached)$/;

/** Refuses a stored attention mask that lets a query see anything but itself and what came before. */
function refuseOtherMask(bytes: Uint8Array, { name, type, shape, count, from }: HeaderEntry, file: string): void {
  const size = shape.at(-1) ?? 0;
  if (!/\.(mask|causal_mask)$/.test(name) || type !== 'BOOL' || count !== size * size) return;
  for (let query = 0; query < size; query++)
    for (let key = 0; key < size; key++)
      if ((bytes[from + query * size + key] !== 0) !== key <= query)
        throw new FileFormatError(
          `${printable(file)} has an attention mask that is not causal (${quotedName(name)}, query ${query}, key ${key}), which induction-lab does not run.`,
        );
}

/** Finds every weight of the model in the file, by name and shape, and refuses tensors that are none. */
function compareShapes(
  config: ModelConfig,
  stored: ReadonlyMap<string, Stored>,
  { entries, folded, file }: { entries: ReadonlyMap<string, HeaderEntry>; folded: boolean; file: string },
): PlannedWeight[] {
  const plan: PlannedWeight[] = [];
  const used = new Set<string>();
  for (const { name, shape } of weightShapes(config)) {
    const found = stored.get(name);
    if (!found || isWholeType(found.entry.type)) {
      const isBias = /\.b_[QKVOU]$/.test(name) && !found;
      const isFolded = folded && /\bln(1|_final)\.[wb]$/.test(name);
      if (!isBias && !isFolded) throw missingTensor(name, entries, file);
      plan.push({ name, shape, from: name.endsWith('.w') ? 1 : 0 });
      continue;
    }
    const want = storedShape(name, shape, found.spelling);
    if (found.entry.shape.join() !== want.join())
      throw new FileFormatError(
        `${printable(file)}: ${found.entry.name} has shape ${shapeText(found.entry.shape)}, its config calls for ${shapeText(want)}; check the config.`,
      );
    used.add(name);
    plan.push({ name, shape, from: found });
  }
  const isKnown = ({ name, entry }: Stored): boolean =>
    used.has(name) || BUFFERS.test(name) || isWholeType(entry.type) || (config.tied && name === 'unembed.W_U');
  const unknown = [...stored.values()].filter((tensor) => !isKnown(tensor)).map(({ entry }) => entry.name);
  const [first] = unknown;
  if (first !== undefined) {
    const more = unknown.length > 1 ? `, nor are ${(unknown.length - 1).toLocaleString('en')} others` : '';
    throw new FileFormatError(
      `${printable(file)} has the tensor ${quotedName(first)}, which is no part of the model that its config describes${more}; check the config.`,
    );
  }
  return plan;
}

function unpackAll(
  bytes: Uint8Array,
  plan: readonly PlannedWeight[],
  { config, file }: { config: ModelConfig; file: string },
): NamedWeights {
  const weights: Record<string, { shape: readonly number[]; data: Float32Array }> = {};
  for (const { name, shape, from } of plan) {
    if (typeof from === 'number') {
      const size = shape.reduce((product, axis) => product * axis, 1);
      weights[name] = { shape, data: new Float32Array(size).fill(from) };
      continue;
    }
    const data = unpack(bytes, from.entry);
    const wrong = firstNotFinite(data);
    if (wrong >= 0)
      throw new FileFormatError(
        `${printable(file)}: ${from.entry.name} holds ${data[wrong]}${from.entry.type === 'F64' ? ' (as float32)' : ''} at element ${wrong}; the training that made it had failed.`,
      );
    weights[name] = { shape, data: toLegacyOrder(data, { ...from, config }) };
  }
  return weights;
}

/** The index of the first element that is no finite number, or −1. */
function firstNotFinite(data: Float32Array): number {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
}

function checkTied(
  bytes: Uint8Array,
  stored: ReadonlyMap<string, Stored>,
  { weights, config, file }: { weights: NamedWeights; config: ModelConfig; file: string },
): void {
  const found = stored.get('unembed.W_U');
  if (!found || isWholeType(found.entry.type)) return;
  const { dModel, dVocab } = config;
  const W_E = (weights['embed.W_E'] as NamedWeights[string]).data;
  const { shape } = found.entry;
  const isNative = found.spelling !== 'legacy';
  let equal = shape.join() === storedShape('unembed.W_U', [dModel, dVocab], found.spelling).join();
  const W_U = equal ? unpack(bytes, found.entry) : W_E;
  for (let token = 0; equal && token < dVocab; token++)
    for (let i = 0; equal && i < dModel; i++)
      equal = W_E[token * dModel + i] === W_U[isNative ? token * dModel + i : i * dVocab + token];
  if (!equal)
    throw new FileFormatError(
      `${printable(file)} says that its unembedding is tied, but W_U is not the transpose of W_E; save it untied.`,
    );
}
