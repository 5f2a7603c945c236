// The safetensors format: eight bytes of header length, a JSON header, the tensors' bytes. Reads float32, float64,
// float16 and bfloat16 into float32; writes float32.

/** A tensor as read: row-major. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface SafetensorsFile {
  readonly tensors: Record<string, StoredTensor>;
  /** The header's `__metadata__`: strings by name. */
  readonly metadata: Record<string, string>;
}

/** Raised for a file that cannot be read; the message says what is wrong with it and what to do. */
export class FileFormatError extends Error {}

/** Encodes tensors in the order given. Lengths must fit the shapes. */
export function encodeSafetensors(
  tensors: Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>,
  metadata: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.length * 4] };
    offset += data.length * 4;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(text.length / 8) * 8; // padded with spaces, so that the tensors are aligned
  const file = new Uint8Array(8 + headerLength + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.fill(0x20, 8, 8 + headerLength);
  file.set(text, 8);
  const view = new DataView(file.buffer, 8 + headerLength);
  let at = 0;
  for (const { data } of Object.values(tensors))
    for (let i = 0; i < data.length; i++, at += 4) view.setFloat32(at, data[i] as number, true);
  return file;
}

const DTYPES: Record<string, { bytes: number; read: (view: DataView, at: number) => number }> = {
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  F16: { bytes: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  BF16: { bytes: 2, read: (view, at) => bfloatToNumber(view.getUint16(at, true)) },
};

/** Buffers that some writers store beside the weights, in types that are not numbers to us. */
const SKIPPED_DTYPES = new Set(['BOOL', 'I64', 'I32', 'I16', 'I8', 'U8', 'U16', 'U32', 'U64']);

/** Decodes a file. `file` is what to call it in messages. Throws a FileFormatError that says what is wrong. */
export function decodeSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const refuse = (what: string): never => {
    throw new FileFormatError(`${file} is not a readable safetensors file: ${what}; save or copy it again.`);
  };
  if (bytes.length < 8) refuse(`it has ${bytes.length} bytes, fewer than the 8 of a header's length`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > bytes.length - 8)
    refuse(
      `its header should be ${headerLength} bytes long, but only ${bytes.length - 8} follow (truncated, or another format)`,
    );
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + headerLength)));
  } catch {
    refuse('its header is not JSON (corrupt, or another format)');
  }
  if (!isObject(header)) refuse('its header is not a JSON object');
  const { __metadata__: metadata, ...entries } = header as Record<string, unknown>;
  const start = 8 + headerLength;
  const tensors: Record<string, StoredTensor> = {};
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
    if (!isWholeNumbers(shape) || !isWholeNumbers(offsets) || offsets.length !== 2)
      refuse(`the header's entry of ${name} has no shape or no offsets`);
    const [from, to] = offsets as [number, number];
    if (SKIPPED_DTYPES.has(dtype as string)) continue;
    const type = DTYPES[dtype as string] ?? refuse(`${name} has the unknown type ${JSON.stringify(dtype)}`);
    const count = (shape as number[]).reduce((a, b) => a * b, 1);
    if (to - from !== count * type.bytes)
      refuse(`${name} takes ${to - from} bytes, its shape [${shape}] needs ${count * type.bytes}`);
    if (start + to > bytes.length)
      refuse(`${name} should end at byte ${start + to}, the file ends at ${bytes.length} (truncated)`);
    const data = Float32Array.from({ length: count }, (_, i) => type.read(view, start + from + i * type.bytes));
    tensors[name] = { shape: shape as number[], data };
  }
  return { tensors, metadata: isObject(metadata) ? (metadata as Record<string, string>) : {} };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isWholeNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((x) => Number.isSafeInteger(x) && x >= 0);

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const bfloatBits = new DataView(new ArrayBuffer(4));
function bfloatToNumber(bits: number): number {
  bfloatBits.setUint32(0, bits << 16);
  return bfloatBits.getFloat32(0);
}
