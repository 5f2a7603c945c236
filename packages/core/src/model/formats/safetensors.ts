// The safetensors format: eight bytes of header length, a JSON header, the tensors' bytes. Reads float32, float64,
// float16 and bfloat16 into float32; writes float32.
import { ArgumentError } from '../../errors/arguments.ts';
import { quoted } from '../../errors/printable.ts';
import { type ByteSource, sourceOf } from './byteSource.ts';
import { isWholeType, toFloats, writeFloats } from './numberFormats.ts';
import { type HeaderEntry, readHeader, unreadable } from './safetensorsHeader.ts';

export { FileFormatError } from './fileFormatError.ts';

/** A tensor as read: row-major. */
export interface StoredTensor {
  /** Length of each axis, in order. */
  readonly shape: readonly number[];
  /** Its numbers, row-major. */
  readonly data: Float32Array;
}

/** The tensors of a safetensors file, and its metadata. */
export interface SafetensorsFile {
  /** In the order of the header; tensors of whole numbers are left out. */
  readonly tensors: Record<string, StoredTensor>;
  /** The header's `__metadata__`: strings by name. */
  readonly metadata: Record<string, string>;
}

/**
 * Encodes tensors in the order given. Lengths must fit the shapes.
 * @param tensors By name: a shape and as many numbers, row-major.
 * @param metadata Text fields for the header, by name.
 * @returns The bytes of a file.
 * @throws an ArgumentError for a tensor whose shape and numbers do not fit.
 */
export function encodeSafetensors(
  tensors: Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>,
  metadata: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (shape.reduce((a, b) => a * b, 1) !== data.length)
      throw new ArgumentError(
        `encodeSafetensors: ${quoted(name)} holds ${data.length} numbers, its shape is [${shape}].`,
      );
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.length * 4] };
    offset += data.length * 4;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(text.length / 8) * 8; // padded with spaces, so that the tensors are aligned
  const file = new Uint8Array(8 + headerLength + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.fill(0x20, 8, 8 + headerLength);
  file.set(text, 8);
  let at = 8 + headerLength;
  for (const { data } of Object.values(tensors)) {
    writeFloats(data, file.subarray(at, at + data.length * 4));
    at += data.length * 4;
  }
  return file;
}

/**
 * Decodes a file as strictly as the reference reader. `file` is what to call it in messages. Takes memory in proportion to
 * the bytes. Throws a FileFormatError that says what is wrong, or which other format it is and how to convert it.
 * @param bytes The file's bytes.
 */
export function decodeSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  checkBytes('decodeSafetensors', bytes, file);
  const source = sourceOf(bytes, file);
  const { entries, metadata, rangeFault } = readHeader(source);
  if (rangeFault) throw unreadable(file, rangeFault);
  const tensors = Object.create(null) as Record<string, StoredTensor>;
  for (const entry of entries.values())
    if (!isWholeType(entry.type)) tensors[entry.name] = { shape: entry.shape, data: unpack(source, entry) };
  return { tensors, metadata };
}

/** Throws an ArgumentError unless these are bytes and a name. */
export function checkBytes(caller: string, bytes: unknown, file: unknown): void {
  if (!(bytes instanceof Uint8Array))
    throw new ArgumentError(
      `${caller}: expected the file's bytes as a Uint8Array, got ${quoted(bytes)}; read the file, await it, and wrap an ArrayBuffer in new Uint8Array(buffer).`,
    );
  if (typeof file !== 'string')
    throw new ArgumentError(`${caller}: expected the file's name, for messages, got ${quoted(file)}.`);
}

/** The elements of a tensor whose range is known to be good. */
export const unpack = (source: ByteSource, { from, to, type, count }: HeaderEntry): Float32Array<ArrayBuffer> =>
  toFloats(source.bytes(from, to), type, count);
