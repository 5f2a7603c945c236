// A file's bytes, read in parts: what is in memory is what somebody looks at just now.

/** Where bytes come from: a file, or memory. */
export interface ByteSource {
  /** What it is called in messages. */
  readonly name: string;
  /** Bytes of the whole. */
  readonly size: number;
  /** Bytes [from, to), within the whole. Read them before asking for others. */
  readonly bytes: (from: number, to: number) => Uint8Array;
}

/**
 * The parts of an array.
 * @param bytes The file's bytes.
 * @param name Its name, for messages.
 */
export const sourceOf = (bytes: Uint8Array, name: string): ByteSource => ({
  name,
  size: bytes.length,
  bytes: (from, to) => bytes.subarray(from, to),
});

/** The whole of a small file, the beginning of a large one. */
export const beginningOf = (source: ByteSource, most: number): Uint8Array =>
  source.bytes(0, Math.min(source.size, most));
