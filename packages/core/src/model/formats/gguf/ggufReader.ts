// The values of a GGUF header, one after the other. Whatever a length in the file says, no more is taken than the file has.
import { printable } from '../../../errors/printable.ts';
import type { ByteSource } from '../byteSource.ts';
import { FileFormatError } from '../fileFormatError.ts';

/** Metadata: text, numbers (whole ones too large for a number as bigint), flags, and lists of them. */
export type GgufValue = string | number | bigint | boolean | readonly GgufValue[];

/** Bytes of a header that is read: the vocabulary of the largest models takes a tenth. */
const LONGEST_HEADER = 100_000_000;
/** Bytes that are read at a time. */
const WINDOW = 2 ** 20;
/** Lists may lie this deep in one another. */
const DEEPEST = 4;

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** What is said of a file that cannot be read. */
export const unreadableGguf = (file: string, what: string, remedy = 'fetch it again'): FileFormatError =>
  new FileFormatError(`${printable(file)} is not a readable GGUF file: ${what}; ${remedy}.`);

/** By its number: the bytes that a value takes at least, and how it is read. */
type Kind = readonly [bytes: number, read: (reader: GgufReader) => GgufValue];

const KINDS: readonly Kind[] = [
  [1, (r) => r.number(1, (view, at) => view.getUint8(at))],
  [1, (r) => r.number(1, (view, at) => view.getInt8(at))],
  [2, (r) => r.number(2, (view, at) => view.getUint16(at, true))],
  [2, (r) => r.number(2, (view, at) => view.getInt16(at, true))],
  [4, (r) => r.u32()],
  [4, (r) => r.number(4, (view, at) => view.getInt32(at, true))],
  [4, (r) => shortest(r.number(4, (view, at) => view.getFloat32(at, true)))],
  [1, (r) => r.number(1, (view, at) => view.getUint8(at)) !== 0],
  [8, (r) => r.text()],
  [12, (r) => r.list()],
  [8, (r) => whole(r.number(8, (view, at) => view.getBigUint64(at, true)))],
  [8, (r) => whole(r.number(8, (view, at) => view.getBigInt64(at, true)))],
  [8, (r) => r.number(8, (view, at) => view.getFloat64(at, true))],
];

const whole = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** The number of fewest digits that is this one in float32: 0.00001, not 0.000009999999747378752. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++)
    if (Math.fround(Number(value.toPrecision(digits))) === value) return Number(value.toPrecision(digits));
  return value;
}

export class GgufReader {
  /** The next byte. */
  at = 0;
  private readonly source: ByteSource;
  private from = 0;
  private window: Uint8Array = new Uint8Array(0);
  private view = new DataView(this.window.buffer);
  private depth = 0;

  constructor(source: ByteSource) {
    this.source = source;
  }

  /** A number of so many bytes. */
  number<T>(bytes: number, read: (view: DataView, at: number) => T): T {
    const at = this.take(bytes);
    return read(this.view, at);
  }

  u32(): number {
    return this.number(4, (view, at) => view.getUint32(at, true));
  }

  /** A count of things that take at least so many bytes each. */
  count(what: string, leastBytes: number): number {
    const count = this.number(8, (view, at) => view.getBigUint64(at, true));
    const rest = this.source.size - this.at;
    const bytes = count * BigInt(leastBytes);
    if (bytes > BigInt(rest))
      throw this.refuse(`it should hold ${count} ${what}, and only ${rest} bytes follow (truncated, or corrupt)`);
    if (bytes > BigInt(LONGEST_HEADER)) throw this.refuse(`its header is longer than ${LONGEST_HEADER} bytes`);
    return Number(count);
  }

  text(): string {
    const length = this.count('bytes of text', 1);
    const at = this.take(length);
    return UTF8.decode(this.window.subarray(at, at + length));
  }

  value(): GgufValue {
    return this.kind()[1](this);
  }

  list(): GgufValue[] {
    const [bytes, read] = this.kind();
    const length = this.count('values in a list', bytes);
    if (++this.depth > DEEPEST) throw this.refuse(`lists lie more than ${DEEPEST} deep in one another`);
    const values: GgufValue[] = [];
    for (let i = 0; i < length; i++) values.push(read(this));
    this.depth--;
    return values;
  }

  refuse(what: string): FileFormatError {
    return unreadableGguf(this.source.name, what);
  }

  private kind(): Kind {
    const number = this.u32();
    const kind = KINDS[number];
    if (!kind) throw this.refuse(`byte ${this.at - 4} names the type ${number} of a value, which there is not`);
    return kind;
  }

  /** Where the next bytes lie in the window, which moves on to hold them. */
  private take(bytes: number): number {
    const end = this.at + bytes;
    if (end > this.source.size) throw this.refuse(`it ends at byte ${this.source.size}, inside its header (truncated)`);
    if (end > LONGEST_HEADER) throw this.refuse(`its header is longer than ${LONGEST_HEADER} bytes`);
    if (end > this.from + this.window.length) {
      this.from = this.at;
      this.window = this.source.bytes(this.at, Math.min(this.source.size, this.at + Math.max(bytes, WINDOW)));
      this.view = new DataView(this.window.buffer, this.window.byteOffset, this.window.byteLength);
    }
    const at = this.at - this.from;
    this.at = end;
    return at;
  }
}
