// Files are written to a temporary name and renamed, so that a crash or a full disk leaves the old one whole.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a piece of a file: at a `place` in bytes, or behind what was written last without one. */
export type WritePiece = (bytes: Uint8Array, place?: number) => void;

/** Bytes that the system writes in one go. */
const MOST_AT_ONCE = 2 ** 30;

/**
 * Writes a file as a whole or not at all, and its folder where there is none. `durable` also waits until it has reached the
 * disk, which takes a while. Throws what the file system says, with the `path`.
 */
export function writeWhole(
  path: string,
  contents: Uint8Array | string,
  options: { readonly durable?: boolean } = {},
): void {
  const bytes = typeof contents === 'string' ? Buffer.from(contents) : contents;
  writeWholeInPieces(path, (write) => write(bytes), options);
}

/** The same for a file that is not in memory as a whole: `fill` writes its pieces, and what it throws leaves the old file. */
export function writeWholeInPieces(
  path: string,
  fill: (write: WritePiece) => void,
  { durable = false }: { readonly durable?: boolean } = {},
): void {
  mkdirSync(dirname(path), { recursive: true });
  // A name of its own on every machine: processes in containers share their numbers.
  const temporary = `${path}.${randomBytes(8).toString('hex')}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, 'w');
    try {
      fill((bytes, place) => {
        for (let at = 0; at < bytes.length; )
          at += writeSync(
            file,
            bytes,
            at,
            Math.min(MOST_AT_ONCE, bytes.length - at),
            place === undefined ? null : place + at,
          );
      });
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw Object.assign(error as Error, { path });
  }
}
