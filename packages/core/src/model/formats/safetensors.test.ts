// The reader of safetensors against the reference reader's rules (each refusal and each acceptance here is the Rust crate's,
// tried with version 0.8, but for the names that a dictionary of ours could not hold and repeated keys of one meaning).
import { describe, expect, test } from 'vitest';
import { fileOf, tensor } from '../../../test/support/safetensorsFile.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import { decodeSafetensors, encodeSafetensors, FileFormatError } from './safetensors.ts';

const F32 = (from: number, to: number): object => tensor('F32', [(to - from) / 4], from, to);
const decode = (bytes: Uint8Array): ReturnType<typeof decodeSafetensors> => decodeSafetensors(bytes, 'it.safetensors');

describe('refused', () => {
  test.for<[string, Uint8Array, RegExp]>([
    [
      'a tensor twice',
      fileOf(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        8,
      ),
      /has the key "a" twice/,
    ],
    [
      'a tensor twice, spelled with an escape',
      fileOf(
        '{"ab":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        8,
      ),
      /has the key "ab" twice/,
    ],
    ['a shape twice', fileOf('{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', 4), /"shape" twice/],
    ['a config twice', fileOf('{"__metadata__":{"config":"{}","config":"[]"}}'), /"config" twice/],
    ['metadata twice', fileOf('{"__metadata__":{},"__metadata__":{}}'), /"__metadata__" twice/],
    [
      'metadata that is no text',
      fileOf({ __metadata__: { step: 5 } }),
      /metadata step is 5, where only text may stand/,
    ],
    ['metadata that is a list', fileOf({ __metadata__: ['x'] }), /__metadata__ of its header is not a JSON object/],
    ['ranges that overlap', fileOf({ a: F32(0, 8), b: F32(4, 12) }, 12), /b overlaps a/],
    ['the same range twice', fileOf({ a: F32(0, 8), b: F32(0, 8) }, 8), /b overlaps a/],
    ['an empty tensor within another', fileOf({ a: F32(0, 8), b: F32(4, 4) }, 8), /b overlaps a/],
    ['a hole at the beginning', fileOf({ a: F32(4, 8) }, 8), /bytes 6\d to 6\d, before a, belong to no tensor/],
    ['a hole in the middle', fileOf({ a: F32(0, 4), b: F32(8, 12) }, 12), /before b, belong to no tensor/],
    ['a range off by a byte', fileOf({ a: F32(0, 4), b: F32(5, 9) }, 9), /before b, belong to no tensor/],
    ['bytes after the last tensor', fileOf({ a: F32(0, 4) }, 6), /2 bytes at its end belong to no tensor/],
    ['bytes and no tensor', fileOf({}, 3), /3 bytes at its end belong to no tensor/],
    [
      'a tensor beyond the end',
      fileOf({ a: F32(0, 8) }, 4),
      /a should end at byte \d+, the file ends at \d+ \(truncated\)/,
    ],
    ['a range that ends before it begins', fileOf({ a: tensor('F32', [0], 4, 0) }, 4), /a takes -4 bytes/],
    [
      'whole numbers of another size than their shape',
      fileOf({ a: tensor('I64', [2], 0, 8) }, 8),
      /a takes 8 bytes, its shape \[2\] needs 16/,
    ],
    [
      'truth values of another size than their shape',
      fileOf({ a: tensor('BOOL', [2], 0, 8) }, 8),
      /its shape \[2\] needs 2/,
    ],
    [
      'a shape that cannot be counted',
      fileOf({ a: tensor('F32', [2 ** 40, 2 ** 40, 0], 0, 0) }),
      /more than can be counted/,
    ],
    ['a negative size', fileOf({ a: tensor('F32', [-1], 0, 0) }), /negative or not whole/],
    [
      'a fraction as a size',
      fileOf('{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}', 4),
      /a number that is negative or not whole/,
    ],
    [
      'an exponent in a size',
      fileOf('{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}', 4),
      /a number that is negative or not whole/,
    ],
    [
      'minus zero',
      fileOf('{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}'),
      /a number that is negative or not whole/,
    ],
    [
      'three offsets',
      fileOf({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 4] } }, 4),
      /no shape or no offsets/,
    ],
    ['a list for an entry', fileOf({ a: ['F32', [1], [0, 4]] }, 4), /no shape or no offsets/],
    ['four-bit numbers', fileOf({ a: tensor('F4', [3], 0, 2) }, 2), /a has the unknown type "F4"/],
    ['a type of no name', fileOf({ a: { shape: [1], data_offsets: [0, 4] } }, 4), /a has the unknown type undefined/],
    [
      'a name that every dictionary knows',
      fileOf({ toString: F32(0, 4) }, 4),
      /a tensor named toString, a name that is reserved/,
    ],
    [
      '__proto__',
      fileOf('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
      /named __proto__, a name that is reserved/,
    ],
    ['constructor, of whole numbers', fileOf({ constructor: tensor('U8', [1], 0, 1) }, 1), /named constructor/],
    ['half a character', fileOf('{"\\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), /half a character/],
    [
      'a space before the header',
      fileOf(' {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
      /does not begin with \{/,
    ],
    ['a byte order mark before the header', fileOf('\ufeff{}'), /does not begin with \{/],
    ['a NUL after the header', fileOf('{}\0'), /not JSON/],
    ['nesting without end', fileOf(`{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`), /nested more than 100 deep/],
    ['bytes that are no UTF-8', fileOf('{}').map((byte, i) => (i === 9 ? 0xff : byte)), /not JSON/],
  ])('%s', ([, bytes, sentence]) => {
    expect(() => decode(bytes)).toThrow(FileFormatError);
    expect(() => decode(bytes)).toThrow(sentence);
    expect(() => decode(bytes)).toThrow(/^it\.safetensors is not a readable safetensors file: .*\.$/);
  });

  test('a header beyond the limit of the format', () => {
    const long = new Uint8Array(16);
    new DataView(long.buffer).setBigUint64(0, 2n ** 63n, true);
    long[8] = 0x7b;
    expect(() => decode(long)).toThrow(/header should be 9223372036854775808 bytes long, but only 8 follow/);
  });
});

test('accepted: any order, empty tensors, scalars, padding after the header, fields that nobody knows, whole numbers left out', () => {
  const header = {
    b: { ...tensor('F32', [1], 8, 12), note: 'x' },
    empty: tensor('F32', [0, 2 ** 53 - 1], 8, 8),
    whole: tensor('I64', [1], 0, 8),
    scalar: tensor('F32', [], 12, 16),
    '': tensor('F16', [1], 16, 18),
    __metadata__: null,
  };
  const data = new Uint8Array(18);
  new DataView(data.buffer).setFloat32(8, 1.5, true);
  new DataView(data.buffer).setFloat32(12, -2, true);
  const { tensors, metadata } = decode(fileOf(`${JSON.stringify(header)}  \n`, data));
  expect(Object.keys(tensors)).toEqual(['b', 'empty', 'scalar', '']);
  expect([tensors.b!.data[0], tensors.scalar!.data[0]]).toEqual([1.5, -2]);
  expect(tensors.empty!.data).toHaveLength(0);
  expect(Object.keys(metadata)).toEqual([]);
  expect('toString' in tensors || 'toString' in metadata).toBe(false);
});

test('every float16 and every bfloat16 becomes the float32 of the same value', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const read = (dtype: string): Float32Array =>
    decode(
      fileOf(
        { pad: tensor('U8', [1], 0, 1), x: tensor(dtype, [65536], 1, 131073) },
        new Uint8Array([0, ...new Uint8Array(all.buffer)]),
      ),
    ).tensors.x!.data;
  const half = (bits: number): number => {
    const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  };
  const brain = new DataView(new ArrayBuffer(4));
  const [halves, brains] = [read('F16'), read('BF16')];
  let wrong = 0;
  for (let bits = 0; bits < 65536; bits++) {
    brain.setUint16(0, bits);
    if (!Object.is(halves[bits], half(bits)) || !Object.is(brains[bits], brain.getFloat32(0))) wrong++;
  }
  expect(wrong).toBe(0);
});

test('float64 and float32 are read at any address, and what is written is read', () => {
  const doubles = new Uint8Array(new Float64Array([Math.PI, -1e-300]).buffer);
  const file = fileOf(
    { pad: tensor('U8', [3], 0, 3), x: tensor('F64', [2], 3, 19) },
    new Uint8Array([1, 2, 3, ...doubles]),
  );
  expect([...decode(file).tensors.x!.data]).toEqual([Math.fround(Math.PI), -0]);
  const written = encodeSafetensors(
    { a: { shape: [2], data: [0.1, 2] }, b: { shape: [1], data: new Float64Array([3]) } },
    {},
  );
  const moved = new Uint8Array(written.length + 1);
  moved.set(written, 1);
  const { tensors } = decode(moved.subarray(1));
  expect([...tensors.a!.data, ...tensors.b!.data]).toEqual([Math.fround(0.1), 2, 3]);
});

test('halves are decoded by their bits: eight million take a small part of a second', () => {
  const count = 4_000_000;
  const file = fileOf(
    { a: tensor('F16', [count], 0, 2 * count), b: tensor('BF16', [count], 2 * count, 4 * count) },
    4 * count,
  );
  const before = process.cpuUsage();
  decode(file);
  const { user } = process.cpuUsage(before);
  expect(user / 1e3).toBeLessThan(700); // milliseconds of this process; element by element it was 2,700
});

describe('bombs: a few bytes that ask for much', () => {
  const config = { n_layers: 1, n_heads: 1, d_model: 4, d_head: 2, n_ctx: 16, d_vocab: 3 };
  const bomb = (changes: object, tensors: object, data: number): Uint8Array =>
    fileOf({ __metadata__: { config: JSON.stringify({ ...config, ...changes }) }, ...tensors }, data);
  const embedding = { 'embed.W_E': tensor('F16', [1, 1], 0, 2) };
  test.for<[string, Uint8Array, RegExp]>([
    ['heads', bomb({ n_heads: 2 ** 31 }, { 'layers.0.attn.q.weight': tensor('F32', [1], 0, 4) }, 4), /nHeads must be/],
    [
      'a head',
      bomb({ d_head: 2 ** 53 }, { 'layers.0.attn.q.weight': tensor('F32', [1, 1], 0, 4) }, 4),
      /dHead must be/,
    ],
    ['rows', bomb({}, { 'head.weight': tensor('F32', [2 ** 53 - 1, 0], 0, 0) }, 0), /no tensor embed\.W_E/],
    [
      'empty rows of the right name',
      bomb({}, { 'embed.W_E': tensor('F32', [2 ** 53 - 1, 0], 0, 0) }, 0),
      /embed\.W_E has shape \[9007199254740991,0\]/,
    ],
    ['layers', bomb({ n_layers: 65536, d_model: 1, d_vocab: 1, n_ctx: 1 }, embedding, 2), /no tensor pos_embed\.W_pos/],
    ['a context', bomb({ n_ctx: 65536, d_model: 1, d_vocab: 1 }, embedding, 2), /no tensor pos_embed\.W_pos/],
    [
      'all sizes',
      bomb({ n_layers: 65536, n_heads: 65536, d_model: 65536, d_head: 65536 }, embedding, 2),
      /its config is impossible: dModel \(65536\) is too large beside the other sizes: the weights would take/,
    ],
    [
      'one range for many tensors',
      fileOf(Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`a${i}`, tensor('F16', [1e5], 0, 2e5)])), 2e5),
      /a1 overlaps a0/,
    ],
  ])('%s', ([, bytes, sentence]) => {
    const [before, start] = [process.memoryUsage(), performance.now()];
    expect(() => decodeCheckpoint(bytes, 'bomb.safetensors')).toThrow(sentence);
    const after = process.memoryUsage();
    expect(performance.now() - start).toBeLessThan(1000);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(20e6);
  });
});
