// The same tensors in any engine: what lets one test run an operation on several backends, or differentiate it numerically.
import { expect } from 'vitest';
import { type Engine, referenceEngine } from '../../src/engine/engine.ts';
import type { Extent, ModelOps, ModelSizes, RotaryTables } from '../../src/engine/modelOps.ts';
import type { OptimizerOps } from '../../src/engine/optimizerOps.ts';
import { type Arena, copyElements, type Floats, type Integers, padded, type Tensor } from '../../src/engine/tensor.ts';
import { loadEngine } from '../../src/node.ts';
import { RandomStream } from '../../src/random/randomStream.ts';
import { distance } from './golden.ts';

export const WASM_ENGINES: Readonly<Record<string, Engine>> = {
  'plain SIMD': await loadEngine({ exact: true }),
  'fastest build': await loadEngine(),
  'memory not shared': await loadEngine({ shared: false }),
};

export interface Sizes extends ModelSizes, Extent {}

/** A different prime for every axis, whole SIMD vectors, and nothing but ones. attnScale is never sqrt(dHead). */
export const SIZES: Readonly<Record<string, Sizes>> = {
  primes: { sequences: 3, length: 11, nHeads: 5, dHead: 7, dModel: 13, dVocab: 17, attnScale: 1.7 },
  'multiples of 4': { sequences: 2, length: 16, nHeads: 4, dHead: 8, dModel: 12, dVocab: 20, attnScale: 0.6 },
  ones: { sequences: 1, length: 1, nHeads: 1, dHead: 1, dModel: 1, dVocab: 1, attnScale: 1.7 },
};

/** Small distinct primes for finite differences, which visit every element twice. */
export const SMALL: Sizes = { sequences: 2, length: 5, nHeads: 3, dHead: 7, dModel: 11, dVocab: 13, attnScale: 1.7 };

/**
 * One engine's operations, and tensors for them. Every tensor starts as random numbers, outputs too, so that an operation
 * that leaves something unwritten shows. Two kits that are asked for the same tensors in the same order hold equal ones.
 */
export class Kit {
  readonly sizes: Sizes;
  readonly arena: Arena;
  readonly ops: ModelOps;
  readonly optimizer: OptimizerOps;
  private readonly random: RandomStream;

  constructor(engine: Engine, sizes: Sizes, seed = 1) {
    this.sizes = sizes;
    this.arena = engine.createArena();
    this.ops = engine.opsFor(sizes, sizes, this.arena);
    this.optimizer = engine.optimizerFor(this.arena);
    this.random = new RandomStream(seed);
  }

  /** Random numbers that float32 holds exactly, so that backends start from the same ones. */
  normals(count: number): Float64Array {
    return Float64Array.from({ length: count }, () => Math.fround(this.random.normal()));
  }

  /** [rows, columns] */
  matrix(rows: number, columns: number): Tensor {
    return this.make({ rows, width: padded(columns), shape: [rows, columns], strides: [padded(columns), 1] });
  }

  /** [size] */
  vector(size: number): Tensor {
    return this.make({ rows: 1, width: padded(size), shape: [size], strides: [1] });
  }

  /** [batch, pos, size] */
  stream(size: number): Tensor {
    const { sequences: s, length: t } = this.sizes;
    const width = padded(size);
    return this.make({ rows: s * t, width, shape: [s, t, size], strides: [t * width, width, 1] });
  }

  /** [batch, pos, head, dHead], of so many heads. */
  heads(count: number = this.sizes.nHeads): Tensor {
    const { sequences: s, length: t, dHead } = this.sizes;
    const c = padded(dHead);
    const width = count * c;
    return this.make({ rows: s * t, width, shape: [s, t, count, dHead], strides: [t * width, width, c, 1] });
  }

  /** [batch, head, queryPos, keyPos] */
  square(): Tensor {
    const { sequences: s, length: t, nHeads } = this.sizes;
    const row = padded(t);
    const strides = [nHeads * t * row, t * row, row, 1];
    return this.make({ rows: s * nHeads * t, width: row, shape: [s, nHeads, t, t], strides });
  }

  /** [batch, pos, 2] */
  moments(): Tensor {
    const { sequences: s, length: t } = this.sizes;
    return this.make({ rows: s * t, width: 2, shape: [s, t, 2], strides: [t * 2, 2, 1] });
  }

  /** [batch, pos] */
  perPosition(): Tensor {
    const { sequences: s, length: t } = this.sizes;
    return this.make({ rows: 1, width: padded(s * t), shape: [s, t], strides: [t, 1] });
  }

  /** Rotation tables for `half` pairs, no two positions or pairs with the same angle. */
  angles(half: number): RotaryTables {
    const { length } = this.sizes;
    const table = this.make({ rows: length, width: 2 * half, shape: [length, 2, half], strides: [2 * half, half, 1] });
    const angleOf = (position: number, pair: number): number => 0.3 + 0.7 * (position * half + pair);
    const turn = (i: number): number => angleOf(Math.floor(i / (2 * half)), i % half);
    table.set(
      Float64Array.from(table.data, (_, i) =>
        Math.fround(i % (2 * half) < half ? Math.cos(turn(i)) : Math.sin(turn(i))),
      ),
    );
    return { half, table };
  }

  integers(values: readonly number[]): Integers {
    const integers = this.arena.integers(values.length);
    integers.data.set(values);
    return integers;
  }

  /** `count` whole numbers below `limit`, most of them repeated when there are more than that. */
  indices(count: number, limit: number): Integers {
    return this.integers(Array.from({ length: count }, () => this.random.below(limit)));
  }

  private make(layout: Parameters<Arena['tensor']>[1]): Tensor {
    const tensor = this.arena.tensor('test tensor', layout);
    tensor.set(this.normals(tensor.size));
    return tensor;
  }
}

/** A reference kit over the given sizes. */
export const referenceKit = (sizes: Partial<Sizes> = {}): Kit => new Kit(referenceEngine, { ...SMALL, ...sizes });

/** The floats of a tensor that are no elements of it. */
export function paddingOf(tensor: Tensor): number[] {
  const isElement = new Float64Array(tensor.data.length);
  copyElements(tensor, isElement, new Float64Array(tensor.size).fill(1), 'in');
  return [...tensor.data].filter((_, i) => isElement[i] === 0);
}

type Outputs = Record<string, Tensor | Floats | number>;

/** Runs the same steps on the float64 reference and on `engine`: equal results, and padding that is exactly zero. */
export function expectAgreement(engine: Engine, sizes: Sizes, steps: (kit: Kit) => Outputs, tolerance = 1e-6): void {
  const want = steps(new Kit(referenceEngine, sizes));
  const got = steps(new Kit(engine, sizes));
  for (const [name, output] of Object.entries(got)) {
    expect(distance(comparable(output), comparable(want[name]!)), name).toBeLessThan(tolerance);
    for (const tensor of [output, want[name]!])
      if (typeof tensor === 'object' && 'strides' in tensor)
        expect(
          paddingOf(tensor).filter((x) => x !== 0),
          `padding of ${name}`,
        ).toEqual([]);
  }
}

/** Plain finite numbers: −∞ becomes −1, which both sides must then have. */
function comparable(output: Outputs[string]): number[] {
  const values = typeof output === 'number' ? [output] : 'strides' in output ? output.toArray() : output;
  return Array.from(values, (x) => (x === Number.NEGATIVE_INFINITY ? -1 : x));
}

/** Central differences of `value` by every element of `x`. The step balances h² against rounding / h in float64. */
export function numericGradient(x: Tensor, value: () => number, h = 1e-5): Float64Array {
  const at = x.toArray();
  const gradient = Float64Array.from(at, (center, i) => {
    const valueAt = (element: number): number => {
      at[i] = element;
      x.set(at);
      return value();
    };
    const slope = (valueAt(center + h) - valueAt(center - h)) / (2 * h);
    at[i] = center;
    return slope;
  });
  x.set(at);
  return gradient;
}

/** Σ a·b over the elements: with a fixed `b`, an objective whose gradient by `a` is `b`. */
export function dot(a: Tensor, b: Tensor): number {
  const [left, right] = [[...a.toArray()], b.toArray()];
  return left.reduce((sum, x, i) => sum + x * right[i]!, 0);
}
