// Tensors are named views of one memory; an arena hands the memory out and never takes it back.
import { quoted } from '../errors/printable.ts';
import { TooLargeError } from '../errors/tooLarge.ts';
import type { Floats } from './floats.ts';

export type { Floats } from './floats.ts';

/** What an arena needs of a memory. A WebAssembly.Memory is one; so is the reference engine's plain buffer. */
export interface Memory {
  readonly buffer: ArrayBufferLike;
  /** Grows by so many pages of 64 KiB; contents and addresses stay, views may go stale. */
  grow(pages: number): number;
}

/** A row of floats rounded up to whole SIMD vectors of four. */
export const padded = (floats: number): number => (floats + 3) & ~3;

/** Bytes that the kernels' memory may grow to: WebAssembly's addresses have 32 bits (kernels.ts, MAXIMUM_PAGES). */
export const LARGEST_MEMORY: number = 2 ** 32;

/** A number of bytes as a reader wants it: "1.5 GiB", "12 MiB". */
export const sizeText = (bytes: number): string =>
  bytes >= 2 ** 29
    ? `${(bytes / 2 ** 30).toFixed(1)} GiB`
    : `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MiB`;

/** Stands for memory where only addresses are wanted. */
const NO_MEMORY: Memory = { buffer: new ArrayBuffer(0), grow: () => 0 };

/**
 * Bump allocator over one memory. Addresses are in bytes, and allocations are 128-byte aligned and zero on first use. What
 * does not fit is refused with a TooLargeError, and changes nothing.
 */
export class Arena {
  private top: number;
  private closed = false;
  readonly memory: Memory;
  /** Bytes of one float: 4, or 8 in the reference engine. */
  readonly floatBytes: 4 | 8;
  /** Bytes that the memory may grow to. */
  readonly limit: number;

  constructor(memory: Memory, floatBytes: 4 | 8 = 4, start: number = 1 << 16, limit: number = LARGEST_MEMORY) {
    this.memory = memory;
    this.floatBytes = floatBytes;
    this.top = start;
    this.limit = limit;
  }

  /** An arena that hands out the same memory again from `start` on: for tensors over memory that is laid out already. */
  from(start: number): Arena {
    return new Arena(this.memory, this.floatBytes, start, this.limit);
  }

  /**
   * An arena that hands out the same addresses from `start` on with no memory behind them and no limit: to learn how much
   * a plan takes. Nothing can be read from or written to its tensors.
   */
  measuring(start: number): Arena {
    return Arena.withoutMemory(this.floatBytes, start);
  }

  /** A measuring arena for floats of that size. */
  static withoutMemory(floatBytes: 4 | 8, start: number = 1 << 16): Arena {
    return new Arena(NO_MEMORY, floatBytes, start, Number.POSITIVE_INFINITY);
  }

  /** Whether there is no memory behind the addresses. */
  get isMeasuring(): boolean {
    return this.memory === NO_MEMORY;
  }

  /** The first free address. */
  get used(): number {
    return this.top;
  }

  /** Address of `count` fresh bytes. 128 apart, so that no two threads ever share a pair of cache lines. */
  bytes(count: number): number {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError(`Arena: expected a whole number of bytes, got ${quoted(count)}.`);
    if (this.closed)
      throw new Error('Arena: all of a plan is laid out before it runs; what lies behind it is not its own.');
    const address = this.top;
    const top = Math.ceil((address + count) / 128) * 128;
    if (top > this.limit) throw tooLarge(top, `, a model has at most ${sizeText(this.limit)}`);
    if (!this.isMeasuring) this.reach(top);
    this.top = top;
    return address;
  }

  /** Hands out no more: the memory behind belongs to somebody else from now on. */
  close(): void {
    this.closed = true;
  }

  /** Grows the memory to `bytes`. */
  private reach(bytes: number): void {
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      this.memory.grow(Math.ceil(missing / 65536));
    } catch (error) {
      const given = `, and this machine gives no more than ${sizeText(this.memory.buffer.byteLength)} just now`;
      throw tooLarge(bytes, given, { cause: error });
    }
  }

  /** A view of floats already handed out. */
  floats(address: number, count: number): Floats {
    return this.floatBytes === 4
      ? new Float32Array(this.memory.buffer, address, count)
      : new Float64Array(this.memory.buffer, address, count);
  }

  /** `layout` describes the tensor; its memory is fresh. */
  tensor(name: string, layout: Layout): Tensor {
    return new Tensor(this, name, this.bytes(layout.rows * layout.width * this.floatBytes), layout);
  }

  /** An index array (tokens, targets, positions) of `count` integers. */
  integers(count: number): Integers {
    return new Integers(this, this.bytes(count * 4), count);
  }
}

/** `given` is what there is instead, behind the number. */
function tooLarge(bytes: number, given: string, options: ErrorOptions = {}): TooLargeError {
  const fact = `${sizeText(bytes)} are needed${given}`;
  return new TooLargeError(`Arena: ${fact}; use fewer or shorter sequences at a time.`, { ...options, bytes, fact });
}

/**
 * Two readings of the same floats. Kernels see a matrix of `rows` rows, `width` floats each, whole SIMD vectors.
 * People see `shape` (TransformerLens axes), reached through `strides` in floats, which step over the padding.
 */
export interface Layout {
  readonly rows: number;
  readonly width: number;
  /** Floats from one row to the next; `width` unless this is some columns of a wider matrix. */
  readonly stride?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/**
 * Numbers called `name`, from `address` (bytes) of an engine's memory on: `rows` rows of `width`, for people `shape` with `strides` in numbers.
 * Keeps padding zero by construction: everything that writes a tensor writes zeros there, or nothing.
 */
export class Tensor implements Layout {
  readonly name: string;
  readonly address: number;
  readonly rows: number;
  readonly width: number;
  readonly stride: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  private readonly arena: Arena;
  private view: Floats | null = null;

  constructor(arena: Arena, name: string, address: number, layout: Layout) {
    this.arena = arena;
    this.name = name;
    this.address = address;
    this.rows = layout.rows;
    this.width = layout.width;
    this.stride = layout.stride ?? layout.width;
    this.shape = layout.shape;
    this.strides = layout.strides;
  }

  /** The padded floats, [rows, width]. Ask again after an allocation: memory that is not shared moves when it grows. */
  get data(): Floats {
    if (this.view === null || this.view.buffer !== this.arena.memory.buffer)
      this.view = this.arena.floats(this.address, (this.rows - 1) * this.stride + this.width);
    return this.view;
  }

  /** The same layout over the memory from `address` (bytes) on, of the same arena, called `name`. */
  at(address: number, name: string = this.name): Tensor {
    return new Tensor(this.arena, name, address, this);
  }

  /** Columns [`from`, `from` + `width`) as a matrix, multiples of 4 floats: one head's part of q, or of W_Q. */
  columns(from: number, width: number): Tensor {
    return this.part(from, { rows: this.rows, width, stride: this.stride });
  }

  /** Rows [`from`, `from` + `rows`) as a matrix: one head's part of W_O. */
  rowRange(from: number, rows: number): Tensor {
    return this.part(from * this.stride, { rows, width: this.width, stride: this.stride });
  }

  /** The same memory with `count` rows in each row: one row for each position instead of one for each head. */
  rowsJoined(count: number): Tensor {
    const layout = { rows: this.rows / count, width: this.width * count, shape: this.shape, strides: this.strides };
    return new Tensor(this.arena, this.name, this.address, layout);
  }

  /** The same memory with `count` rows for each row: one for each head instead of one for each position. */
  rowsSplit(count: number): Tensor {
    return this.rowsJoined(1 / count);
  }

  /** Another reading for people of the same memory, called `name`, with that `shape` and `strides`, a number for each axis. */
  viewed(name: string, { shape, strides }: { shape: readonly number[]; strides: readonly number[] }): Tensor {
    return new Tensor(this.arena, name, this.address, { rows: this.rows, width: this.width, shape, strides });
  }

  private part(offset: number, { rows, width, stride }: { rows: number; width: number; stride: number }): Tensor {
    const layout = { rows, width, stride, shape: [rows, width], strides: [stride, 1] };
    return new Tensor(this.arena, `part of ${this.name}`, this.address + offset * this.arena.floatBytes, layout);
  }

  /** Whether this is a view of that `arena`'s memory. */
  livesIn(arena: Arena): boolean {
    return this.arena.memory === arena.memory;
  }

  /** Elements of `shape`, without padding. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Copies the elements out, row-major in `shape`: [row, column] without padding. */
  toArray(): Floats {
    const out = this.arena.floatBytes === 4 ? new Float32Array(this.size) : new Float64Array(this.size);
    copyElements(this, this.data, out, 'out');
    return out;
  }

  /** Writes the elements, `values`, row-major in `shape`; padding stays as it is. Throws an Error for another number of them. */
  set(values: ArrayLike<number>): void {
    if (values?.length !== this.size)
      throw new Error(
        `${this.name}: expected ${this.size} values of shape [${this.shape}], got ${values?.length ?? quoted(values)}.`,
      );
    copyElements(this, this.data, values, 'in');
  }
}

/** An index array in the same memory, from `address` (bytes) on: `length` whole numbers, `data`, for kernels that gather, scatter and rotate. */
export class Integers {
  readonly address: number;
  readonly length: number;
  private readonly arena: Arena;
  private view: Int32Array | null = null;

  constructor(arena: Arena, address: number, length: number) {
    this.arena = arena;
    this.address = address;
    this.length = length;
  }

  get data(): Int32Array {
    if (this.view === null || this.view.buffer !== this.arena.memory.buffer)
      this.view = new Int32Array(this.arena.memory.buffer, this.address, this.length);
    return this.view;
  }
}

/** Number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, axis) => product * axis, 1);

/** Runs of at least so many numbers are copied by the engine's own means, which take a moment to begin. */
const LONG_RUN = 128;

/** Copies between a strided tensor and a dense row-major array, whole runs at a time: as many axes as lie together. */
export function copyElements(layout: Layout, padded: Floats, dense: ArrayLike<number>, direction: 'in' | 'out'): void {
  const { shape, strides } = layout;
  let last = shape.length;
  let run = 1;
  while (last > 0 && (strides[last - 1] as number) === run) run *= shape[--last] as number;
  if (run === 0) return;
  const index = new Array<number>(last).fill(0);
  let offset = 0;
  for (let at = 0; at < dense.length; at += run) {
    if (direction === 'out') copyRun(padded, offset, { to: dense as Floats, at, run });
    else copyRun(dense, at, { to: padded, at: offset, run });
    for (let axis = last - 1; axis >= 0; axis--) {
      offset += strides[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      offset -= (strides[axis] as number) * (shape[axis] as number);
      index[axis] = 0;
    }
  }
}

function copyRun(
  values: ArrayLike<number>,
  from: number,
  { to, at, run }: { to: Floats; at: number; run: number },
): void {
  if (run >= LONG_RUN && ArrayBuffer.isView(values)) to.set((values as Floats).subarray(from, from + run), at);
  else for (let i = 0; i < run; i++) to[at + i] = values[from + i] as number;
}
