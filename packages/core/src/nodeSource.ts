// A file of any size under Node, read in parts.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { printable } from './errors/printable.ts';
import type { ByteSource } from './model/formats/byteSource.ts';
import { FileFormatError } from './model/formats/fileFormatError.ts';

/** Bytes that the system reads in one piece. */
const PIECE = 2 ** 30;

/**
 * The bytes of a file, which is opened whenever some are asked for. Throws what the file system says, and a FileFormatError for a
 * folder; reading throws one where the file has become shorter.
 */
export function fileSource(path: string): ByteSource {
  const found = statSync(path);
  if (found.isDirectory())
    throw new FileFormatError(`${printable(path)} is a folder, where a file of the model should be; fetch it again.`);
  const { size } = found;
  return { name: path, size, bytes: (from, to) => readPart(path, from, to) };
}

function readPart(path: string, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from);
  const file = openSync(path, 'r');
  try {
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(file, bytes, at, Math.min(PIECE, bytes.length - at), from + at);
      if (count === 0)
        throw new FileFormatError(
          `${printable(path)} has become shorter while it was read; read it again when it is whole.`,
        );
      at += count;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}
