// Numbers with named axes: what caches and analyses give, to be read by index, by row, or as nested arrays.
import type { Floats } from '../engine/floats.ts';
import { ArgumentError } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';

/** A number for each axis; any number of them where the axes are not known to the compiler. */
type IndexOf<Axes extends readonly string[]> = { -readonly [axis in keyof Axes]: number };

/** A number for each axis but the last. */
type RowOf<Axes extends readonly string[]> = Axes extends readonly [...infer Rest extends readonly string[], string]
  ? IndexOf<Rest>
  : number[];

/** Numbers in arrays in arrays, an array for each axis. */
export type Nested<Axes extends readonly string[]> = Axes extends readonly [string, ...infer Rest extends string[]]
  ? Nested<Rest>[]
  : Axes extends readonly []
    ? number
    : NestedNumbers;

/** The same for axes that the compiler does not know. */
export type NestedNumbers = number | NestedNumbers[];

/** Numbers of one shape, row-major, with the names of their axes. Read only. */
export class Values<Axes extends readonly string[] = readonly string[]> {
  /** What they are; of an activation its hook point. */
  readonly name: string;
  /** Length of each axis. */
  readonly shape: readonly number[];
  /** Names of the axes in order, such as batch, pos, dModel. */
  readonly axes: Axes;
  /** All numbers, row-major in `shape`. Do not change them: others read them too. */
  readonly data: Floats;

  /**
   * @param name What it is called in messages.
   * @param values The numbers and their axes.
   */
  constructor(name: string, { shape, axes, data }: { shape: readonly number[]; axes: Axes; data: Floats }) {
    this.name = name;
    this.shape = shape;
    this.axes = axes;
    this.data = data;
  }

  /**
   * The number at these indices, one for each axis. Throws an ArgumentError that names the axis and its range.
   * @param indices An index along each axis, in order.
   * @returns The number there.
   */
  at(...indices: IndexOf<Axes>): number {
    return this.data[this.offset('at', indices, this.shape.length)] as number;
  }

  /**
   * A copy of the numbers along the last axis, at these indices of all others. Throws as `at` does.
   * @param indices An index along each axis but the last, in order.
   * @returns A view of the last axis: [its entries].
   */
  row(...indices: RowOf<Axes>): Floats {
    const rank = this.shape.length;
    if (rank === 0) throw new ArgumentError(`row: ${this.name} is a single number and has no rows; use at().`);
    const start = this.offset('row', indices, rank - 1);
    return this.data.slice(start, start + (this.shape[rank - 1] as number));
  }

  /** A copy in plain arrays, an array in an array for each axis. */
  toNested(): Nested<Axes> {
    const { shape, data } = this;
    let at = 0;
    const nest = (axis: number): NestedNumbers =>
      axis === shape.length
        ? (data[at++] as number)
        : Array.from({ length: shape[axis] as number }, () => nest(axis + 1));
    return nest(0) as Nested<Axes>;
  }

  /** Where in the data these indices of the first `count` axes lead. */
  private offset(caller: string, indices: readonly number[], count: number): number {
    const { name, axes, shape } = this;
    if (indices.length !== count)
      throw new ArgumentError(
        `${caller}: ${name} has axes [${axes.join(', ')}], so ${caller} takes ${count} ${count === 1 ? 'index' : 'indices'}${count > 0 ? ` (${axes.slice(0, count).join(', ')})` : ''}, got ${indices.length}.`,
      );
    let offset = 0;
    shape.forEach((size, axis) => {
      const what = `${axes[axis]} of ${name}`;
      offset = offset * size + (axis < count ? checkedIndex(caller, { what, index: indices[axis], size }) : 0);
    });
    return offset;
  }
}

/** The index itself. Throws an ArgumentError unless it is a whole number from 0 to size − 1. */
export function checkedIndex(
  caller: string,
  { what, index, size }: { what: string; index: unknown; size: number },
): number {
  if (Number.isInteger(index) && (index as number) >= 0 && (index as number) < size) return index as number;
  throw new ArgumentError(`${caller}: ${what} goes from 0 to ${size - 1}, got ${quoted(index)}.`);
}
