// GGUF files as tests want them, good ones and bad ones: float32 tensors of small numbers.

export interface Written {
  readonly version?: number;
  /** Texts, whole numbers (uint32) and fractions (float32). */
  readonly metadata: Readonly<Record<string, string | number>>;
  /** Shapes, rows first. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  /** What the header says of a tensor in place of the truth. */
  readonly types?: Readonly<Record<string, number>>;
  readonly offsets?: Readonly<Record<string, number | bigint>>;
  /** What a tensor's first element is. */
  readonly values?: Readonly<Record<string, number>>;
  /** A tensor whose entry stands twice. */
  readonly again?: string;
}

const ALIGNMENT = 32;

export function ggufFile({
  version = 3,
  metadata,
  tensors,
  types = {},
  offsets = {},
  values = {},
  again,
}: Written): Uint8Array<ArrayBuffer> {
  const header: Buffer[] = [];
  const u32 = (value: number): number => header.push(Buffer.from(Uint32Array.of(value).buffer));
  const u64 = (value: number | bigint): number => header.push(Buffer.from(BigUint64Array.of(BigInt(value)).buffer));
  const text = (value: string): void => {
    u64(Buffer.byteLength(value));
    header.push(Buffer.from(value));
  };
  header.push(Buffer.from('GGUF'));
  u32(version);
  u64(Object.keys(tensors).length + (again === undefined ? 0 : 1));
  u64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    text(key);
    if (typeof value === 'string') {
      u32(8);
      text(value);
    } else if (Number.isInteger(value)) {
      u32(4);
      u32(value);
    } else {
      u32(6);
      header.push(Buffer.from(Float32Array.of(value).buffer));
    }
  }
  const data: Buffer[] = [];
  let at = 0;
  const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
  for (const [name, shape] of Object.entries(tensors)) {
    const size = shape.reduce((a, b) => a * b, 1);
    for (let times = name === again ? 2 : 1; times > 0; times--) {
      text(name);
      u32(shape.length);
      for (const axis of [...shape].reverse()) u64(axis);
      u32(types[name] ?? 0);
      u64(offsets[name] ?? at);
    }
    const floats = Float32Array.from({ length: size < 1e6 ? size : 1 }, (_, i) => ((i * 7) % 11) / 16);
    if (name in values) floats[0] = values[name]!;
    const padding = Buffer.alloc(aligned(floats.byteLength) - floats.byteLength);
    data.push(Buffer.from(floats.buffer), padding);
    at += aligned(floats.byteLength);
  }
  const length = header.reduce((sum, part) => sum + part.length, 0);
  return Uint8Array.from(Buffer.concat([...header, Buffer.alloc(aligned(length) - length), ...data]));
}
