// The names of the files in a zip archive, from its directory: enough to tell what kind of archive it is.

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** Enough to tell a PyTorch file from an archive of arrays. */
const MOST = 1000;

export const isZip = (bytes: Uint8Array): boolean => bytes.length >= 30 && viewOf(bytes).getUint32(0, true) === LOCAL;

/** The first names in the directory, or, where the end of the file is missing, the name of its first file. */
export function zipNames(bytes: Uint8Array): string[] {
  const view = viewOf(bytes);
  const end = lastSignature(view, END);
  const names: string[] = [];
  let at = end < 0 ? -1 : view.getUint32(end + 16, true);
  while (names.length < MOST && at >= 0 && at + 46 <= bytes.length && view.getUint32(at, true) === CENTRAL) {
    const length = view.getUint16(at + 28, true);
    names.push(textOf(bytes.subarray(at + 46, at + 46 + length)));
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return names.length > 0 ? names : [textOf(bytes.subarray(30, 30 + view.getUint16(26, true)))];
}

/** The end record lies at the end, before a comment of at most 64 KiB. */
function lastSignature(view: DataView, signature: number): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 65535); at--)
    if (view.getUint32(at, true) === signature) return at;
  return -1;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
