// The number types of GGUF: how blocks of elements are packed, and how those that are read become float32. A quantised block
// has 32 elements and a scale of its own.
import { toFloats } from '../numberFormats.ts';

export interface GgufType {
  readonly name: string;
  /** Elements of a block and the bytes that it takes. */
  readonly block: number;
  readonly bytes: number;
  /** Elements of whole blocks, as float32. */
  readonly unpack: (bytes: Uint8Array, count: number) => Float32Array;
}

const plain = (name: string, bytes: number): GgufType => ({
  ...{ name, block: 1, bytes },
  unpack: (data, count) => toFloats(data, name, count),
});

/** Those that are read, by their number in the file. */
export const READ_TYPES: ReadonlyMap<number, GgufType> = new Map([
  [0, plain('F32', 4)],
  [1, plain('F16', 2)],
  [30, plain('BF16', 2)],
  [2, { name: 'Q4_0', block: 32, bytes: 18, unpack: (data, count) => unpackNibbles(data, count, { minimum: false }) }],
  [3, { name: 'Q4_1', block: 32, bytes: 20, unpack: (data, count) => unpackNibbles(data, count, { minimum: true }) }],
  [8, { name: 'Q8_0', block: 32, bytes: 34, unpack: unpackBytes }],
]);

/** Those that are not, so that they can be named. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  ...{ 6: 'Q5_0', 7: 'Q5_1', 9: 'Q8_1', 10: 'Q2_K', 11: 'Q3_K', 12: 'Q4_K', 13: 'Q5_K', 14: 'Q6_K', 15: 'Q8_K' },
  ...{ 16: 'IQ2_XXS', 17: 'IQ2_XS', 18: 'IQ3_XXS', 19: 'IQ1_S', 20: 'IQ4_NL', 21: 'IQ3_S', 22: 'IQ2_S', 23: 'IQ4_XS' },
  ...{ 24: 'I8', 25: 'I16', 26: 'I32', 27: 'I64', 28: 'F64', 29: 'IQ1_M', 34: 'TQ1_0', 35: 'TQ2_0', 39: 'MXFP4' },
};

/** What a type is called, also where it is not read. */
export const typeName = (type: number): string => READ_TYPES.get(type)?.name ?? OTHER_TYPES[type] ?? `number ${type}`;

/** The scale (and the minimum) at the beginning of every block, `step` bytes apart: float16 numbers, `each` of them. */
function scalesOf(data: Uint8Array, blocks: number, { step, each }: { step: number; each: number }): Float32Array {
  const halves = new Uint8Array(blocks * 2 * each);
  for (let block = 0; block < blocks; block++)
    for (let i = 0; i < 2 * each; i++) halves[block * 2 * each + i] = data[block * step + i]!;
  return toFloats(halves, 'F16', blocks * each);
}

/** Four bits an element: 16 bytes, of which the low halves come first. Times the scale, from −8 up or plus the block's minimum. */
function unpackNibbles(data: Uint8Array, count: number, { minimum }: { minimum: boolean }): Float32Array {
  const out = new Float32Array(count);
  const [each, zero] = minimum ? [2, 0] : [1, 8];
  const step = 16 + 2 * each;
  const blocks = count / 32;
  const scales = scalesOf(data, blocks, { step, each });
  for (let block = 0; block < blocks; block++) {
    const scale = scales[block * each]!;
    const least = minimum ? scales[block * each + 1]! : -0; // which leaves −0 what it is
    const [from, to] = [block * step + 2 * each, block * 32];
    for (let i = 0; i < 16; i++) {
      const byte = data[from + i]!;
      out[to + i] = scale * ((byte & 15) - zero) + least;
      out[to + 16 + i] = scale * ((byte >> 4) - zero) + least;
    }
  }
  return out;
}

/** A signed byte an element, times the scale. */
function unpackBytes(data: Uint8Array, count: number): Float32Array {
  const out = new Float32Array(count);
  const blocks = count / 32;
  const scales = scalesOf(data, blocks, { step: 34, each: 1 });
  const signed = new Int8Array(data.buffer, data.byteOffset, data.length);
  for (let block = 0; block < blocks; block++)
    for (let i = 0; i < 32; i++) out[block * 32 + i] = scales[block]! * signed[block * 34 + 2 + i]!;
  return out;
}
