// A file that was dropped, read in parts: what is in memory is the part that somebody looks at.
import { type ByteSource, sourceOf } from '@induction-lab/core/browser';

/** Where a worker reads files at once, which only browsers' do. */
declare const FileReaderSync: (new () => { readAsArrayBuffer(blob: Blob): ArrayBuffer }) | undefined;

/** The bytes of a file. Throws an Error that names it where it cannot be read. */
export async function sourceOfFile(file: Blob | Uint8Array, name: string): Promise<ByteSource> {
  if (file instanceof Uint8Array) return sourceOf(file, name);
  if (typeof FileReaderSync === 'undefined') return sourceOf(new Uint8Array(await file.arrayBuffer()), name);
  const reader = new FileReaderSync();
  return {
    name,
    size: file.size,
    bytes: (from, to) => {
      try {
        return new Uint8Array(reader.readAsArrayBuffer(file.slice(from, to)));
      } catch (error) {
        throw new Error(`${name} could not be read (${(error as Error).message}); drop it again.`);
      }
    },
  };
}
