// The number types of safetensors: how many bits each takes, and how those that hold fractions become float32.

/** Bits of one element of every type that the reference reader knows. */
const BITS: ReadonlyMap<string, number> = new Map([
  ...['F4'].map((type) => [type, 4] as const),
  ...['F6_E2M3', 'F6_E3M2'].map((type) => [type, 6] as const),
  ...['BOOL', 'U8', 'I8', 'F8_E5M2', 'F8_E4M3', 'F8_E8M0', 'F8_E4M3FNUZ', 'F8_E5M2FNUZ'].map((t) => [t, 8] as const),
  ...['I16', 'U16', 'F16', 'BF16'].map((type) => [type, 16] as const),
  ...['I32', 'U32', 'F32'].map((type) => [type, 32] as const),
  ...['I64', 'U64', 'F64', 'C64'].map((type) => [type, 64] as const),
]);

/** Bits of one element, or undefined for a type that nobody knows. */
export const bitsOf = (type: string): number | undefined => BITS.get(type);

/** Types that hold whole numbers or truth values: buffers beside the weights. */
export const isWholeType = (type: string): boolean => /^(BOOL|[IU]\d+)$/.test(type);

/** The types that become float32. */
export const READ_TYPES: readonly string[] = ['F32', 'F64', 'F16', 'BF16'];

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** `count` elements of a type of READ_TYPES from their little-endian bytes, as float32. */
export function toFloats(bytes: Uint8Array, type: string, count: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(count);
  if (type === 'F32') {
    const copy = new Uint8Array(out.buffer);
    copy.set(bytes);
    if (!LITTLE_ENDIAN) reverseEach(copy, 4);
  } else if (type === 'F64') out.set(new Float64Array(...aligned(bytes, 8), count));
  else {
    const halves = new Uint16Array(...aligned(bytes, 2), count);
    const bits = new Uint32Array(out.buffer);
    if (type === 'BF16') for (let i = 0; i < count; i++) bits[i] = (halves[i] as number) << 16;
    else {
      const table = halfTable();
      for (let i = 0; i < count; i++) bits[i] = table[halves[i] as number] as number;
    }
  }
  return out;
}

/** Writes float32 values as little-endian bytes. */
export function writeFloats(values: ArrayLike<number>, into: Uint8Array): void {
  const floats = values instanceof Float32Array ? values : new Float32Array(values);
  into.set(new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength));
  if (!LITTLE_ENDIAN) reverseEach(into, 4);
}

/** A buffer with these bytes at a multiple of `size`, in this machine's order: the bytes' own buffer where that will do. */
function aligned(bytes: Uint8Array, size: number): [buffer: ArrayBufferLike, offset: number] {
  if (LITTLE_ENDIAN && bytes.byteOffset % size === 0) return [bytes.buffer, bytes.byteOffset];
  const copy = new Uint8Array(bytes);
  if (!LITTLE_ENDIAN) reverseEach(copy, size);
  return [copy.buffer, 0];
}

function reverseEach(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

let halves: Uint32Array | null = null;

/** The float32 bits of each of the 65,536 float16 values. */
function halfTable(): Uint32Array {
  if (halves) return halves;
  halves = new Uint32Array(65536);
  for (let half = 0; half < 65536; half++) halves[half] = halfBits(half);
  return halves;
}

function halfBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 31) return (sign | 0x7f800000 | (fraction << 13)) >>> 0; // infinities, and what is no number
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  const shift = Math.clz32(fraction) - 21; // a subnormal half is a normal float: its leading one becomes implicit
  return (sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)) >>> 0;
}
