// The header of a safetensors file, read as strictly as the reference reader (the Rust crate) does, before anything is
// unpacked: what passes names each tensor once, and the tensors' ranges fill the file from the header to its end.
import { printable, quoted, shortened } from '../../errors/printable.ts';
import { type ByteSource, beginningOf } from './byteSource.ts';
import { FileFormatError } from './fileFormatError.ts';
import { foreignFormat } from './foreignFormats.ts';
import { keyFault } from './jsonKeys.ts';
import { bitsOf, isWholeType, READ_TYPES } from './numberFormats.ts';

/** A tensor as the header describes it. */
export interface HeaderEntry {
  readonly name: string;
  /** `F32`, `BF16` ...: one of READ_TYPES, or a type of whole numbers. */
  readonly type: string;
  readonly shape: readonly number[];
  /** Elements: the product of the shape. */
  readonly count: number;
  /** Its bytes in the file, from the file's beginning. */
  readonly from: number;
  readonly to: number;
}

export interface SafetensorsHeader {
  /** In the order of the header. The sizes of ranges fit types and shapes; whether they fill the file is `rangeFault`'s. */
  readonly entries: ReadonlyMap<string, HeaderEntry>;
  /** `__metadata__`: strings by name, without a prototype. */
  readonly metadata: Record<string, string>;
  /** Why the ranges do not fill the file once each, as the end of a sentence, or null. */
  readonly rangeFault: string | null;
}

/** The reference reader's limit. */
const LONGEST_HEADER = 100_000_000;

/** What is said of a file that cannot be read. */
export const unreadable = (file: string, what: string, remedy = 'save or copy it again'): FileFormatError =>
  new FileFormatError(`${printable(file)} is not a readable safetensors file: ${what}; ${remedy}.`);

/** Reads the header alone. Throws a FileFormatError that says what is wrong, or which other format this is. */
export function readHeader(source: ByteSource): SafetensorsHeader {
  const { name: file, size } = source;
  const { text, start } = headerText(source);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw unreadable(file, 'its header is not JSON (corrupt, or another format)');
  }
  if (!isObject(json)) throw unreadable(file, 'its header is not a JSON object');
  const fault = keyFault(text, { header: true });
  if (fault) throw unreadable(file, `its header ${fault}`, 'save it again');
  const entries = new Map<string, HeaderEntry>();
  for (const name of Object.keys(json))
    if (name !== '__metadata__') entries.set(name, readEntry(name, json[name], start, file));
  return {
    entries,
    metadata: readMetadata(json.__metadata__, file),
    rangeFault: rangeFault([...entries.values()], start, size),
  };
}

/** Enough of a large file to tell what else it is. */
const TELLING = 2 ** 26;

/** The header as text, and where the tensors begin. */
function headerText(source: ByteSource): { text: string; start: number } {
  const { name: file, size } = source;
  const first = beginningOf(source, 9);
  const declared = size < 8 ? 0n : new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  const begins = size < 9 || first[8] === 0x7b; // {
  if (!begins || size < 9 || declared > LONGEST_HEADER) {
    const format = foreignFormat(beginningOf(source, TELLING), file);
    if (format) throw unreadable(file, format.what, format.remedy);
  }
  if (size === 0) throw unreadable(file, 'it is empty');
  if (size < 8) throw unreadable(file, `it has ${size} bytes, fewer than the 8 of a header's length`);
  const remedy = begins ? [] : ['copying does not help: save the weights as safetensors'];
  const follow = size - 8;
  if (declared > follow)
    throw unreadable(
      file,
      `its header should be ${declared} bytes long, but only ${follow} follow (truncated, or another format)`,
      ...remedy,
    );
  if (declared > LONGEST_HEADER)
    throw unreadable(
      file,
      `its header is ${declared} bytes long, more than the ${LONGEST_HEADER} of the format`,
      ...remedy,
    );
  if (declared === 0n || !begins)
    throw unreadable(file, 'its header is not a JSON object (it does not begin with {)', ...remedy);
  try {
    const start = 8 + Number(declared);
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(source.bytes(8, start)), start };
  } catch {
    throw unreadable(file, 'its header is not JSON (corrupt, or another format)');
  }
}

/** A plain dictionary would answer to these names with something of its own. */
const isReserved = (name: string): boolean => name in Object.prototype;

function readEntry(name: string, entry: unknown, start: number, file: string): HeaderEntry {
  const known = quotedName(name);
  if (isReserved(name)) throw unreadable(file, `it has a tensor named ${known}, a name that is reserved`, 'rename it');
  const { dtype, shape, data_offsets: offsets } = (isObject(entry) ? entry : {}) as Record<string, unknown>;
  if (!isWholeNumbers(shape) || !isWholeNumbers(offsets) || offsets.length !== 2)
    throw unreadable(file, `the header's entry of ${known} has no shape or no offsets`);
  const type = typeof dtype === 'string' ? dtype : '';
  const bits = bitsOf(type);
  if (bits === undefined || !(isWholeType(type) || READ_TYPES.includes(type)))
    throw unreadable(file, `${known} has the unknown type ${quoted(dtype)}`, `save it as ${READ_TYPES.join(', ')}`);
  const [from, to] = offsets as [number, number];
  const count = elements(shape);
  const size = count === null ? null : (count * bits) / 8;
  if (count === null || size === null || !Number.isSafeInteger(size))
    throw unreadable(file, `${known} has shape ${shapeText(shape)}, more than can be counted`);
  if (to - from !== size)
    throw unreadable(file, `${known} takes ${to - from} bytes, its shape ${shapeText(shape)} needs ${size}`);
  return { name, type, shape, count, from: start + from, to: start + to };
}

/** The product of a shape, or null where it or a part of it cannot be counted, as in the reference reader. */
function elements(shape: readonly number[]): number | null {
  let count = 1;
  for (const axis of shape) {
    count *= axis;
    if (!Number.isSafeInteger(count)) return null;
  }
  return count;
}

function readMetadata(metadata: unknown, file: string): Record<string, string> {
  const out = Object.create(null) as Record<string, string>;
  if (metadata === undefined || metadata === null) return out;
  if (!isObject(metadata))
    throw unreadable(file, 'the __metadata__ of its header is not a JSON object', 'save it again');
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== 'string')
      throw unreadable(
        file,
        `its metadata ${quotedName(name)} is ${quoted(value)}, where only text may stand`,
        'save it again',
      );
    out[name] = value;
  }
  return out;
}

/** Ranges must follow one another without a gap, from the header to the end of the file; empty tensors lie between. */
function rangeFault(entries: HeaderEntry[], start: number, end: number): string | null {
  entries.sort((a, b) => a.from - b.from || a.to - b.to);
  let at = start;
  let previous = '';
  for (const { name, from, to } of entries) {
    const known = quotedName(name);
    if (from < at) return `${known} overlaps ${previous}: it begins at byte ${from}, where that one ends at ${at}`;
    if (from > at) return `bytes ${at} to ${from - 1}, before ${known}, belong to no tensor`;
    if (to > end) return `${known} should end at byte ${to}, the file ends at ${end} (truncated)`;
    at = to;
    previous = known;
  }
  return at < end ? `${end - at} bytes at its end belong to no tensor` : null;
}

/** A tensor's name in a sentence: as it is where it is plain, else quoted. */
export const quotedName = (name: string): string => (/^[\w.]{1,60}$/.test(name) ? name : quoted(name));

/** A shape in a sentence: `[3,7,5]`, its end left out where it is long. */
export const shapeText = (shape: readonly number[]): string =>
  shortened(`[${shape.slice(0, 30).join(',')}${shape.length > 30 ? ',…' : ''}]`);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isWholeNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((x) => Number.isSafeInteger(x) && x >= 0);
