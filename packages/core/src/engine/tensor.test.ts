import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WASM_ENGINES } from '../../test/support/kit.ts';
import { TooLargeError } from '../errors/tooLarge.ts';
import { type Engine, referenceEngine, wasmEngine } from './engine.ts';
import { Arena, copyElements, padded, sizeOf, type Tensor } from './tensor.ts';

const engines: [string, Engine][] = [['reference', referenceEngine], ...Object.entries(WASM_ENGINES)];
const counting = (count: number): Float64Array => Float64Array.from({ length: count }, (_, i) => i + 1);

/** [rows, columns], padded as the kernels want it. */
const matrix = (arena: Arena, rows: number, columns: number): Tensor =>
  arena.tensor('W', { rows, width: padded(columns), shape: [rows, columns], strides: [padded(columns), 1] });

test('padded rounds up to whole vectors of four', () => {
  expect([0, 1, 3, 4, 5, 8, 13].map(padded)).toEqual([0, 4, 4, 4, 8, 8, 16]);
});

describe.for(engines)('memory of the %s engine', ([, engine]) => {
  test('is handed out zeroed, 128-byte aligned and without overlap', () => {
    const arena = engine.createArena();
    let end = 0;
    for (const count of [1, 3, 128, 129, 5, 1000]) {
      const address = arena.bytes(count);
      expect(address % 128).toBe(0);
      expect(address).toBeGreaterThanOrEqual(end);
      end = address + count;
      expect(arena.used).toBeGreaterThanOrEqual(end);
    }
    const tensor = matrix(arena, 3, 5);
    expect(tensor.address % 128).toBe(0);
    expect(tensor.data.every((x) => x === 0)).toBe(true);
  });

  test('keeps tensors valid when it grows, through a view taken before and asked for again', () => {
    const arena = engine.createArena();
    const tensor = matrix(arena, 3, 5);
    const indices = arena.integers(7);
    tensor.set(counting(15));
    indices.data.set([1, 2, 3, 4, 5, 6, 7]);
    const before = tensor.data;
    const size = arena.memory.buffer.byteLength;
    const large = matrix(arena, 1024, 2053); // several MiB: beyond the first pages of every engine
    expect(arena.memory.buffer.byteLength).toBeGreaterThan(size);
    expect([...tensor.toArray()]).toEqual([...counting(15)]);
    expect([...indices.data]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    // An unshared memory moves: what was written through a stale view would be lost.
    if (!engine.wasm?.shared) expect(tensor.data === before).toBe(false);
    tensor.data[0] = 99;
    large.data[large.data.length - 1] = 7;
    expect([tensor.toArray()[0], large.data.at(-1), large.data[0]]).toEqual([99, 7, 0]);
  });

  test('is handed out again by an arena made from an address', () => {
    const arena = engine.createArena();
    const start = arena.used;
    const [first, second] = [matrix(arena, 2, 3), matrix(arena, 5, 7)];
    const again = arena.from(start);
    const [firstAgain, secondAgain] = [matrix(again, 2, 3), matrix(again, 5, 7)];
    second.set(counting(35));
    expect(firstAgain.address).toBe(first.address);
    expect([...secondAgain.toArray()]).toEqual([...counting(35)]);
  });
});

describe('an arena refuses', () => {
  const limited = (maximumPages: number): Arena => {
    const { wasm } = WASM_ENGINES['memory not shared']!;
    return wasmEngine({ module: wasm!.module, backend: 'simd', shared: false, maximumPages }).createArena();
  };

  test('what its memory cannot hold, with the number, and is afterwards as it was', () => {
    const arena = limited(32);
    const [tensor, before] = [matrix(arena, 3, 5), arena.used];
    tensor.set(counting(15));
    for (const bytes of [2 ** 21, 2 ** 33])
      expect(() => arena.bytes(bytes)).toThrow(
        /^Arena: \d+\.\d [MG]iB are needed, a model has at most 2\.0 MiB; use fewer or shorter sequences at a time\.$/,
      );
    expect(() => arena.bytes(2 ** 21)).toThrow(TooLargeError);
    expect([arena.used, ...tensor.toArray()]).toEqual([before, ...counting(15)]);
    expect(arena.bytes(100)).toBe(before);
  });

  test('in the same words when the platform gives no more memory than it has, whatever it throws', () => {
    const memory = {
      buffer: new ArrayBuffer(1 << 17),
      grow: (): number => {
        throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory');
      },
    };
    const arena = new Arena(memory);
    const before = arena.used;
    expect(() => arena.bytes(2 ** 20)).toThrow(
      'Arena: 1.1 MiB are needed, and this machine gives no more than 0.1 MiB just now; use fewer or shorter sequences at a time.',
    );
    expect(arena.used).toBe(before);
  });

  test('sizes that are none', () => {
    const arena = referenceEngine.createArena();
    for (const size of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '7' as never])
      expect(() => arena.bytes(size)).toThrow(/^Arena: expected a whole number of bytes, got /);
    const measuring = arena.measuring(128);
    expect([measuring.bytes(1e15), measuring.isMeasuring, arena.isMeasuring]).toEqual([128, true, false]);
  });
});

test('an engine is made of a build that there is, and memory that it may have', async () => {
  const { module } = WASM_ENGINES['memory not shared']!.wasm!;
  const make = (options: object) => () => wasmEngine({ module, backend: 'simd', shared: false, ...options });
  expect(make({ maximumPages: 8 })).toThrow(/options\.maximumPages must be at least 16, got 8/);
  expect(make({ maximumPages: 1e6 })).toThrow(/options\.maximumPages must be at most 65536/);
  expect(make({ backend: 'cuda' })).toThrow('wasmEngine: options.backend must be "relaxed" or "simd", got "cuda".');
  expect(make({ maxPages: 8 })).toThrow(/unknown field "maxPages"; the nearest known one is "maximumPages"/);
  expect(make({ module: 'kernels.wasm' })).toThrow(/^wasmEngine: options\.module .*, got "kernels\.wasm"\.$/);
});

describe('a tensor', () => {
  const arena = referenceEngine.createArena();

  test('is written and read row-major in its shape, padding untouched', () => {
    // [2, 3, 5, 7] with heads 8 floats apart and a spare row between sequences.
    const layout = { rows: 8, width: 40, shape: [2, 3, 5, 7], strides: [160, 40, 8, 1] };
    const tensor = arena.tensor('odd', layout);
    tensor.data.fill(-1);
    tensor.set(counting(210));
    expect([...tensor.toArray()]).toEqual([...counting(210)]);
    const at = (s: number, t: number, h: number, c: number): number => tensor.data[s * 160 + t * 40 + h * 8 + c]!;
    expect([at(0, 0, 0, 0), at(0, 0, 0, 6), at(0, 0, 1, 0), at(0, 1, 0, 0), at(1, 0, 0, 0)]).toEqual([
      1, 7, 8, 36, 106,
    ]);
    expect(at(1, 2, 4, 6)).toBe(210);
    expect(tensor.data.filter((x) => x === -1).length).toBe(8 * 40 - 210);
  });

  test('refuses a wrong number of values in one sentence', () => {
    expect(() => matrix(arena, 3, 5).set(counting(14))).toThrow('W: expected 15 values of shape [3,5], got 14.');
  });

  test('has parts that are its own memory: columns, rows, rows joined, other readings', () => {
    const w = matrix(arena, 5, 12);
    w.set(counting(60)); // w[i, j] = 12 i + j + 1
    expect([...w.columns(4, 8).toArray()].slice(0, 9)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 17]);
    expect([...w.rowRange(3, 2).toArray()]).toEqual([...counting(60)].slice(36));
    expect([...w.columns(4, 8).columns(4, 4).rowRange(1, 2).toArray()]).toEqual([21, 22, 23, 24, 33, 34, 35, 36]);
    const joined = matrix(arena, 6, 4);
    expect([joined.rowsJoined(3).rows, joined.rowsJoined(3).width]).toEqual([2, 12]);
    const transposed = w.viewed('transposed', { shape: [12, 5], strides: [1, 12] });
    w.columns(0, 4).data[0] = -7;
    expect([w.data[0], w.at(w.address, 'again').data[0], transposed.data[0], transposed.name]).toEqual([
      -7,
      -7,
      -7,
      'transposed',
    ]);
  });
});

test('copyElements in, then out, is the identity for any shape and any strides without overlap', () => {
  const axes = fc.array(fc.record({ size: fc.integer({ min: 1, max: 5 }), gap: fc.integer({ min: 0, max: 3 }) }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(axes, (given) => {
      const shape = given.map((axis) => axis.size);
      const strides: number[] = [];
      let extent = 1;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        // The last axis is contiguous; every other may skip floats after each run below it.
        strides.unshift(axis === shape.length - 1 ? 1 : extent + given[axis]!.gap);
        extent = strides[0]! * shape[axis]!;
      }
      const store = new Float64Array(extent).fill(-1);
      const dense = counting(sizeOf(shape));
      copyElements({ rows: 1, width: extent, shape, strides }, store, dense, 'in');
      const out = new Float64Array(dense.length);
      copyElements({ rows: 1, width: extent, shape, strides }, store, out, 'out');
      expect([...out]).toEqual([...dense]);
      expect(store.filter((x) => x === -1).length).toBe(extent - dense.length);
    }),
  );
});
