// From the tensors of a file to the weights of a model: config, names and shapes are compared before anything is unpacked.
import { sizeOf } from '../../engine/tensor.ts';
import { printable } from '../../errors/printable.ts';
import { unembeddingMatrix } from '../components/unembedding.ts';
import type { Weight } from '../components/weight.ts';
import type { ModelConfig } from '../config.ts';
import { weightsOf } from '../parameters.ts';
import { firstNotFinite } from '../weightChecks.ts';
import type { ByteSource } from './byteSource.ts';
import { FileFormatError } from './fileFormatError.ts';
import { missingTensor } from './missingTensor.ts';
import { isWholeType } from './numberFormats.ts';
import type { Wanted } from './openedModel.ts';
import { type StoredTensor, unpack } from './safetensors.ts';
import { type HeaderEntry, quotedName, shapeText } from './safetensorsHeader.ts';
import { isWrapped, type LegacyName, legacyName, type Spelling, storedShape, toLegacyOrder } from './spellings.ts';

/** A tensor of the file, its legacy name, and the spelling that it was found in. */
export interface Stored extends LegacyName {
  readonly entry: HeaderEntry;
}

/**
 * By legacy name. Throws a FileFormatError when a file holds the same weight under two names, but for modules inside TransformerLens 4's
 * bridge, which are there several times: these must be equal.
 */
export function inLegacyNames(entries: ReadonlyMap<string, HeaderEntry>, source: ByteSource): Map<string, Stored> {
  const stored = new Map<string, Stored>();
  for (const entry of entries.values()) {
    const legacy = legacyName(entry.name);
    const other = stored.get(legacy.name);
    if (other && isWrapped(entry.name) && isWrapped(other.entry.name) && sameBytes(source, entry, other.entry))
      continue;
    if (other)
      throw new FileFormatError(
        `${printable(source.name)} holds the same weight twice, as ${quotedName(other.entry.name)} and as ${quotedName(entry.name)}; remove one of them.`,
      );
    stored.set(legacy.name, { ...legacy, entry });
  }
  return stored;
}

const sameBytes = (source: ByteSource, a: HeaderEntry, b: HeaderEntry): boolean => {
  if (a.type !== b.type || a.shape.join() !== b.shape.join()) return false;
  const other = source.bytes(b.from, b.to);
  return source.bytes(a.from, a.to).every((byte, i) => byte === other[i]);
};

export function factsOf(stored: ReadonlyMap<string, Stored>): {
  spelling: Spelling;
  hasBiases: boolean;
  hasLayerNorm: boolean;
  hasMlp: boolean;
} {
  let spelling: Spelling = 'legacy';
  let hasBiases = false;
  let hasLayerNorm = false;
  let hasMlp = false;
  for (const { name, spelling: own, absent } of stored.values()) {
    if (own !== 'legacy' && spelling !== 'native') spelling = own;
    hasBiases ||= absent === 'zeros';
    hasLayerNorm ||= absent === 'folded';
    hasMlp ||= name.includes('.mlp.');
  }
  return { spelling, hasBiases, hasLayerNorm, hasMlp };
}

/** A weight of the model: what of the file it comes from, or the number that all its elements are. */
interface PlannedWeight {
  readonly weight: Weight;
  readonly from: Stored | number;
}

/** Buffers of TransformerLens that hold no weights. */
const BUFFERS = /\.(mask|IGNORE|rotary_sin|rotary_cos|causal_mask|cos_cached|sin_cached)$/;

/** Refuses a stored attention mask that lets a query see anything but itself and what came before. */
export function refuseOtherMask(source: ByteSource, { name, type, shape, count, from, to }: HeaderEntry): void {
  const size = shape.at(-1) ?? 0;
  if (!/\.(mask|causal_mask)$/.test(name) || type !== 'BOOL' || count !== size * size) return;
  const bytes = source.bytes(from, to);
  for (let query = 0; query < size; query++)
    for (let key = 0; key < size; key++)
      if ((bytes[query * size + key] !== 0) !== key <= query)
        throw new FileFormatError(
          `${printable(source.name)} has an attention mask that is not causal (${quotedName(name)}, query ${query}, key ${key}), which induction-lab does not run.`,
        );
}

/** Finds every weight of the model in the file, by name and shape, and refuses tensors that are none. */
export function compareShapes(
  config: ModelConfig,
  stored: ReadonlyMap<string, Stored>,
  { entries, folded, file }: { entries: ReadonlyMap<string, HeaderEntry>; folded: boolean; file: string },
): PlannedWeight[] {
  const plan: PlannedWeight[] = [];
  const used = new Set<string>();
  /** Keys and values that heads share have no names of their own in TransformerLens 4. */
  const shared = (name: string): Stored | undefined => {
    const found = stored.get(name.replace('.attn._', '.attn.'));
    return found?.spelling === 'legacy' ? undefined : found;
  };
  for (const weight of weightsOf(config)) {
    const { name, absent } = weight;
    const found = stored.get(name) ?? shared(name);
    if (!found || isWholeType(found.entry.type)) {
      const isBias = absent === 'zeros' && !found;
      if (!isBias && !(folded && absent === 'folded')) throw missingTensor(name, entries, file);
      plan.push({ weight, from: weight.start === 1 ? 1 : 0 });
      continue;
    }
    const want = storedShape(weight, found.spelling);
    if (found.entry.shape.join() !== want.join())
      throw new FileFormatError(
        `${printable(file)}: ${found.entry.name} has shape ${shapeText(found.entry.shape)}, its config calls for ${shapeText(want)}; check the config.`,
      );
    used.add(found.name);
    plan.push({ weight, from: found });
  }
  // TransformerLens lays out a table of positions also where it does not use it.
  const isIdle = (name: string): boolean => config.positions === 'alibi' && name === 'pos_embed.W_pos';
  const isKnown = ({ name, entry }: Stored): boolean =>
    isIdle(name) ||
    used.has(name) ||
    BUFFERS.test(name) ||
    isWholeType(entry.type) ||
    (config.tied && name === 'unembed.W_U');
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

/** Each weight of the plan, read when its turn comes. */
export function* unpackEach(
  source: ByteSource,
  plan: readonly PlannedWeight[],
  wanted: Wanted = () => true,
): Generator<[name: string, tensor: StoredTensor]> {
  for (const { weight, from } of plan) {
    const { name } = weight;
    if (!wanted(name)) continue;
    const { shape } = weight.layout;
    if (typeof from === 'number') {
      yield [name, { shape, data: new Float32Array(sizeOf(shape)).fill(from) }];
      continue;
    }
    const data = unpack(source, from.entry);
    const wrong = firstNotFinite(data);
    if (wrong >= 0)
      throw new FileFormatError(
        `${printable(source.name)}: ${from.entry.name} holds ${data[wrong]}${from.entry.type === 'F64' ? ' (as float32)' : ''} at element ${wrong}; the training that made it had failed.`,
      );
    yield [name, { shape, data: toLegacyOrder(data, { weight, spelling: from.spelling }) }];
  }
}

/** Refuses a tied model whose W_U, where the file has one, is another matrix than W_E. */
export function checkTied(source: ByteSource, stored: ReadonlyMap<string, Stored>, config: ModelConfig): void {
  const [found, embedding] = [stored.get('unembed.W_U'), stored.get('embed.W_E')];
  if (!found || !embedding || isWholeType(found.entry.type)) return;
  const { dModel, dVocab } = config;
  const W_E = unpack(source, embedding.entry);
  const { shape } = found.entry;
  const isNative = found.spelling !== 'legacy';
  let equal = shape.join() === storedShape(unembeddingMatrix(config), found.spelling).join();
  const W_U = equal ? unpack(source, found.entry) : W_E;
  for (let token = 0; equal && token < dVocab; token++)
    for (let i = 0; equal && i < dModel; i++)
      equal = W_E[token * dModel + i] === W_U[isNative ? token * dModel + i : i * dVocab + token];
  if (!equal)
    throw new FileFormatError(
      `${printable(source.name)} says that its unembedding is tied, but W_U is not the transpose of W_E; save it untied.`,
    );
}
