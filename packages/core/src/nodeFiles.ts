// Files are written to a temporary name and renamed, so that a crash or a full disk leaves the old one whole.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a file as a whole or not at all, and its folder where there is none. `durable` also waits until it has reached the
 * disk, which takes a while. Throws what the file system says, with the `path`.
 */
export function writeWhole(
  path: string,
  contents: Uint8Array | string,
  { durable = false }: { durable?: boolean } = {},
): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  const bytes = typeof contents === 'string' ? Buffer.from(contents) : contents;
  try {
    const file = openSync(temporary, 'w');
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
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
