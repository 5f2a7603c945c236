// The header of a GGUF file (llama.cpp): metadata, and where which tensor lies. All of it is checked before anything is unpacked.
import { printable } from '../../../errors/printable.ts';
import { type ByteSource, beginningOf } from '../byteSource.ts';
import { FileFormatError } from '../fileFormatError.ts';
import { foreignFormat } from '../foreignFormats.ts';
import { quotedName, shapeText } from '../safetensorsHeader.ts';
import { GgufReader, type GgufValue, unreadableGguf } from './ggufReader.ts';
import { READ_TYPES, typeName } from './ggufTypes.ts';

/** A tensor as the header describes it. */
export interface GgufTensor {
  /** Its name in the file. */
  readonly name: string;
  /** One of READ_TYPES, by its number. */
  readonly type: number;
  /** The sizes of its axes, rows first as everywhere else; the file lists them the other way round. */
  readonly shape: readonly number[];
  /** Its bytes in the file, from the file's beginning. */
  readonly from: number;
  /** The end of its bytes in the file. */
  readonly to: number;
}

/** What stands in front of a GGUF file's tensors. */
export interface GgufHeader {
  /** By key, such as `llama.block_count` or `tokenizer.ggml.tokens`. */
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
}

/** Whether bytes begin as a GGUF file does. */
export function isGguf(source: ByteSource): boolean {
  const first = beginningOf(source, 4);
  return first.length === 4 && String.fromCharCode(...first) === 'GGUF';
}

/** Enough to tell what else a file is. */
const TELLING = 2 ** 16;

/** What is said of a file that has the name of a GGUF file and is none. */
export function notGguf(source: ByteSource): FileFormatError {
  const { name: file, size } = source;
  const other = foreignFormat(beginningOf(source, TELLING), file);
  const what = other?.what ?? (size === 0 ? 'it is empty' : 'it does not begin with the letters GGUF');
  return new FileFormatError(
    `${printable(file)} is not a readable GGUF file: ${what}; ${other?.remedy ?? 'fetch it again'}.`,
  );
}

/** Bytes of a key and its value, and of what is said of a tensor, at the least. */
const LEAST = { value: 13, tensor: 24 };

/** A tensor before it is known where tensors begin. */
type Announced = Omit<GgufTensor, 'from' | 'to'> & { readonly offset: number; readonly bytes: number };

/** Reads the header alone. Throws a FileFormatError that says what is wrong, or names the number type that is not read. */
export function readGgufHeader(source: ByteSource): GgufHeader {
  const reader = new GgufReader(source);
  reader.u32();
  const version = reader.u32();
  if (version !== 2 && version !== 3)
    throw unreadableGguf(
      source.name,
      version > 0xffff ? 'its bytes are in the order of a big-endian machine' : `it has version ${version}, not 2 or 3`,
      'convert the model that it was made from anew',
    );
  const counts = [reader.count('tensors', LEAST.tensor), reader.count('values of metadata', LEAST.value)] as const;
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < counts[1]; i++) {
    const key = reader.text();
    if (metadata.has(key)) throw reader.refuse(`it has the key ${quotedName(key)} twice`);
    metadata.set(key, reader.value());
  }
  const alignment = metadata.get('general.alignment') ?? 32;
  if (
    !(typeof alignment === 'number' && alignment >= 1 && alignment <= 2 ** 20 && Number.isInteger(Math.log2(alignment)))
  )
    throw reader.refuse('its general.alignment is no power of two');
  const announced: Announced[] = [];
  const names = new Set<string>();
  for (let i = 0; i < counts[0]; i++) {
    const tensor = readTensor(reader, { file: source.name, alignment });
    if (names.has(tensor.name)) throw reader.refuse(`it has the tensor ${quotedName(tensor.name)} twice`);
    names.add(tensor.name);
    announced.push(tensor);
  }
  const start = Math.ceil(reader.at / alignment) * alignment;
  const tensors = announced.map(({ offset, bytes, ...tensor }) => ({
    ...tensor,
    from: start + offset,
    to: start + offset + bytes,
  }));
  checkRanges(tensors, source);
  return { metadata, tensors };
}

function readTensor(reader: GgufReader, { file, alignment }: { file: string; alignment: number }): Announced {
  const name = reader.text();
  const known = quotedName(name);
  const axes = reader.u32();
  if (axes > 4) throw reader.refuse(`${known} has ${axes} axes, where 4 are the most`);
  const sizes = Array.from({ length: axes }, () => reader.number(8, (view, at) => view.getBigUint64(at, true)));
  const shape = sizes.map(Number).reverse();
  const count = shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(count) || shape.some((size) => size === 0))
    throw reader.refuse(`${known} has shape ${shapeText(shape)}, which is empty or more than can be counted`);
  const number = reader.u32();
  const type = READ_TYPES.get(number);
  if (!type)
    throw new FileFormatError(
      `${printable(file)}: ${known} is of type ${typeName(number)}, which induction-lab does not read; fetch the model as one of ${[...READ_TYPES.values()].map((read) => read.name).join(', ')}.`,
    );
  if ((shape.at(-1) ?? 1) % type.block !== 0)
    throw reader.refuse(
      `${known} has rows of ${shape.at(-1)}, which ${type.name} cannot hold: its blocks have ${type.block}`,
    );
  const offset = reader.number(8, (view, at) => view.getBigUint64(at, true));
  if (offset % BigInt(alignment) !== 0n || offset > BigInt(Number.MAX_SAFE_INTEGER) / 2n)
    throw reader.refuse(`${known} begins at offset ${offset}, which is no multiple of ${alignment} within the file`);
  return { name, type: number, shape, offset: Number(offset), bytes: (count / type.block) * type.bytes };
}

/** Tensors must lie within the file, and none upon another. */
function checkRanges(tensors: readonly GgufTensor[], { name: file, size }: ByteSource): void {
  let [end, previous] = [0, ''];
  for (const { name, from, to } of [...tensors].sort((a, b) => a.from - b.from)) {
    if (from < end)
      throw unreadableGguf(
        file,
        `${quotedName(name)} overlaps ${previous}: it begins at byte ${from}, where that one ends at ${end}`,
      );
    if (to > size)
      throw unreadableGguf(file, `${quotedName(name)} should end at byte ${to}, the file ends at ${size} (truncated)`);
    [end, previous] = [to, quotedName(name)];
  }
}
