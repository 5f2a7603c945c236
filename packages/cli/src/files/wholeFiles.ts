// Files as a whole: written under a temporary name and renamed (core's writeWhole), read with a sentence where that fails.
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { LARGEST_JSON, readJsonText } from '@induction-lab/core/internal';
import { writeWhole } from '@induction-lab/core/internal/node';
import { printable } from '@induction-lab/core/internal/printable';
import { type ByteSource, fileSource, sourceOf } from '@induction-lab/core/node';
import { badInput } from '../errors.ts';
import { folderInstead } from './folderInstead.ts';

export { writeWhole, writeWholeInPieces } from '@induction-lab/core/internal/node';

/** A JSON file; numbers that are not finite become null, typed arrays plain ones. */
export const writeJson = (path: string, value: unknown): void =>
  writeWhole(path, `${JSON.stringify(value, (_, x) => (ArrayBuffer.isView(x) ? [...(x as Float32Array)] : x), 1)}\n`);

/** Bytes of the largest file that is read: Node keeps no more in one piece. */
const LARGEST_FILE = 2 ** 31 - 1;

/** Reads a file, or a pipe, that the user named. `what` is what it should be, for messages. */
export function readInput(path: string, what: string, { most = LARGEST_FILE }: { most?: number } = {}): Uint8Array {
  const source = namedSource(path, { what, most });
  if (source.size > most) throw tooLarge(path, source.size.toLocaleString('en'), { what, most });
  return source.bytes(0, source.size);
}

/** A file that the user named, of any size, to be read in parts; a pipe is read as a whole. */
export const inputSource = (path: string, what: string): ByteSource => namedSource(path, { what, most: LARGEST_FILE });

function namedSource(path: string, { what, most }: { what: string; most: number }): ByteSource {
  const name = printable(path);
  try {
    const about = statSync(path);
    if (about.isDirectory()) throw badInput(folderInstead(path, what));
    if (about.isFIFO()) return sourceOf(readPipe(path, { what, most }), path);
    if (!about.isFile()) throw badInput(`${name} is a device or a socket, not a file; name the ${what}.`);
    accessSync(path, constants.R_OK);
    return fileSource(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw badInput(`There is no ${what} at ${name}; check the path.`);
    throw error;
  }
}

function tooLarge(path: string, bytes: string, { what, most }: { what: string; most: number }): Error {
  const limit = most === LARGEST_FILE ? '2 GiB' : `${most / 2 ** 20} MiB`;
  const remedy = what === 'checkpoint' ? 'save the weights alone, as float16 or bfloat16' : `name a smaller ${what}`;
  return badInput(
    `${printable(path)} has ${bytes} bytes, more than the ${limit} (${most.toLocaleString('en')} bytes) that can be read; ${remedy}.`,
  );
}

/** A pipe has no size: it is read until it ends, or until it has said too much. */
function readPipe(path: string, { what, most }: { what: string; most: number }): Uint8Array {
  const chunks: Buffer[] = [];
  const file = openSync(path, 'r');
  try {
    for (let total = 0; ; ) {
      const chunk = Buffer.allocUnsafe(1 << 20);
      const count = readSync(file, chunk);
      if (count === 0) return Buffer.concat(chunks, total);
      total += count;
      if (total > most) throw tooLarge(path, `${total.toLocaleString('en')} or more`, { what, most });
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
}

/** Reads a JSON file that the user named: UTF-8, each key once. */
export const readJson = (path: string, what: string): unknown =>
  readJsonText(readInput(path, what, { most: LARGEST_JSON }), path);
