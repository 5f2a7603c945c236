// A JSON file as read: UTF-8, each key once, nothing nested without end. What JSON.parse would let pass or explain badly is
// told in a sentence.
import { printable, shortened } from '../../errors/printable.ts';
import { FileFormatError } from './fileFormatError.ts';
import { foreignFormat, isUtf16 } from './foreignFormats.ts';
import { keyFault } from './jsonKeys.ts';

/** Bytes of JSON that are read: what is parsed takes ten times as much memory. */
export const LARGEST_JSON: number = 2 ** 27;

/**
 * Parses a JSON file in UTF-8, with or without a byte order mark. `file` is what to call it in messages. Throws a
 * FileFormatError: another encoding or format, no JSON, a key that stands twice in an object, nested too deep, too large.
 */
export function readJsonText(bytes: Uint8Array, file: string): unknown {
  const name = printable(file);
  if (bytes.length > LARGEST_JSON)
    throw new FileFormatError(
      `${name} has ${bytes.length.toLocaleString('en')} bytes, more than the ${LARGEST_JSON.toLocaleString('en')} of JSON that can be read; divide it.`,
    );
  if (isUtf16(bytes)) throw new FileFormatError(`${name} is text in UTF-16; save it as UTF-8.`);
  if (bytes.length === 0) throw new FileFormatError(`${name} is not JSON: it is empty; write it again.`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FileFormatError(otherFormat(bytes, file) ?? `${name} is not text in UTF-8; save it as UTF-8.`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const why = shortened(printable((error as Error).message), 160);
    throw new FileFormatError(otherFormat(bytes, file) ?? `${name} is not JSON (${why}); correct it.`);
  }
  const fault = keyFault(text);
  if (fault) throw new FileFormatError(`${name} ${fault}; correct it.`);
  return json;
}

/** The sentence for a file that is no JSON at all, or null where it may be JSON with a slip in it. */
function otherFormat(bytes: Uint8Array, file: string): string | null {
  const isSafetensors = bytes.length > 8 && bytes[8] === 0x7b && bytes.subarray(4, 8).every((byte) => byte === 0);
  const format = isSafetensors ? { what: 'it is a safetensors file', remedy: '' } : foreignFormat(bytes, file);
  if (!format || format.what.startsWith('it is JSON')) return null;
  const remedy = /LFS|web page/.test(format.what) ? format.remedy : 'name a JSON file';
  return `${printable(file)} is not JSON: ${format.what}; ${remedy}.`;
}
