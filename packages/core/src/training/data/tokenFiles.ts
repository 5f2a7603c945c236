// Files of token sequences, from their bytes: lines of JSON, a stream of integers, or a tensor of a safetensors file.
import { printable, quoted } from '../../errors/printable.ts';
import { sourceOf } from '../../model/formats/byteSource.ts';
import { quotedName, readHeader, shapeText, unreadable } from '../../model/formats/safetensorsHeader.ts';
import { MOST_TOKENS, partOf, tokenTable } from './tokenTable.ts';
import { DataError, type TokenTable, type TokenType } from './trainingData.ts';

/** How a file of tokens is read. */
export interface TokenFileOptions {
  /** The file's name: its ending says what it is, .jsonl, .bin or .safetensors. */
  readonly name: string;
  /** Tokens of a window of a stream: the model's context. */
  readonly nCtx: number;
  /** How a stream is stored; nanoGPT's train.bin is uint16, which is usual. */
  readonly dtype?: TokenType;
}

/**
 * Reads a file of token sequences. Throws a DataError or a FileFormatError that names what is wrong with it.
 * @param bytes The file's bytes.
 */
export function readTokenFile(bytes: Uint8Array, { name, nCtx, dtype }: TokenFileOptions): TokenTable {
  const kind = /\.(jsonl|bin|safetensors)$/i.exec(name)?.[1]?.toLowerCase();
  if (kind === undefined)
    throw new DataError(
      `data: ${printable(name)} is no file of tokens by its name; it must end in .jsonl, .bin or .safetensors.`,
    );
  if (dtype !== undefined && kind !== 'bin')
    throw new DataError(`data: ${printable(name)} says itself how its tokens are stored; leave dtype out.`);
  if (kind === 'jsonl') return readLines(bytes, name);
  return kind === 'bin' ? readStream(bytes, { name, nCtx, dtype: dtype ?? 'uint16' }) : readTensor(bytes, name);
}

function readLines(bytes: Uint8Array, name: string): TokenTable {
  const lines = new TextDecoder().decode(bytes).split('\n');
  if (lines.at(-1) === '') lines.pop(); // the end of the last line
  const sequences = lines.map((text, i) => {
    try {
      return JSON.parse(text) as ArrayLike<number>;
    } catch {
      throw new DataError(
        `data: line ${i + 1} of ${printable(name)} is not JSON; a line is an array of tokens, as [3, 1, 4].`,
      );
    }
  });
  return tokenTable(sequences, { part: 'line', of: printable(name) });
}

/** One long stream, cut into windows of the context; what is left at its end is too short for one. */
function readStream(bytes: Uint8Array, { name, nCtx, dtype }: Required<TokenFileOptions>): TokenTable {
  const size = dtype === 'uint16' ? 2 : 4;
  if (bytes.length % size !== 0)
    throw new DataError(
      `data: ${printable(name)} has ${bytes.length} bytes, no whole number of ${dtype} tokens; name the type that it was written with.`,
    );
  const windows = Math.floor(bytes.length / size / nCtx);
  if (windows === 0)
    throw new DataError(
      `data: ${printable(name)} holds ${bytes.length / size} tokens, fewer than one window of ${nCtx}; give a longer file, or lower model.nCtx.`,
    );
  const called = { part: 'window', of: printable(name) } as const;
  const type = dtype === 'uint16' ? 'U16' : 'I32';
  return rows(bytes.subarray(0, windows * nCtx * size), { type, length: nCtx, called });
}

function readTensor(bytes: Uint8Array, name: string): TokenTable {
  const { entries, rangeFault } = readHeader(sourceOf(bytes, name));
  if (rangeFault) throw unreadable(name, rangeFault);
  const [entry, ...more] = entries.values();
  if (entry === undefined || more.length > 0 || entry.shape.length !== 2 || !(entry.type in READERS))
    throw new DataError(
      `data: ${printable(name)} must hold one tensor of whole numbers of shape [sequences, length], got ${
        entry === undefined
          ? 'none'
          : more.length > 0
            ? `${1 + more.length} tensors`
            : `${quotedName(entry.name)}, ${quoted(entry.type)} of shape ${shapeText(entry.shape)}`
      }.`,
    );
  const [, length] = entry.shape as [number, number];
  const called = { part: 'row', of: printable(name) } as const;
  return rows(bytes.subarray(entry.from, entry.to), { type: entry.type, length, called });
}

/** Bytes of an element and how to read it, little-endian. */
const READERS: Readonly<Record<string, readonly [size: number, read: (view: DataView, at: number) => number]>> = {
  U8: [1, (view, at) => view.getUint8(at)],
  U16: [2, (view, at) => view.getUint16(at, true)],
  I16: [2, (view, at) => view.getInt16(at, true)],
  U32: [4, (view, at) => view.getUint32(at, true)],
  I32: [4, (view, at) => view.getInt32(at, true)],
  I64: [8, (view, at) => Number(view.getBigInt64(at, true))],
  U64: [8, (view, at) => Number(view.getBigUint64(at, true))],
};

/** Sequences of equal length, one after the other. Throws a DataError for a number that can be no token. */
function rows(
  bytes: Uint8Array,
  { type, length, called }: { type: string; length: number; called: TokenTable['called'] },
): TokenTable {
  const [size, read] = READERS[type]!;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tokens = Int32Array.from({ length: bytes.byteLength / size }, (_, i) => {
    const token = read(view, i * size);
    if (token >= 0 && token <= MOST_TOKENS) return token;
    throw new DataError(
      `${partOf(called, Math.floor(i / length))}: a token must be a whole number from 0 on, below 2^31, got ${token} at position ${i % length}; see what the file holds, and how it was written.`,
    );
  });
  const count = length > 0 ? tokens.length / length : 0;
  return { tokens, starts: Float64Array.from({ length: count + 1 }, (_, i) => i * length), called };
}
