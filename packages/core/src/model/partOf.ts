// A part of an activation, copied out: at a sequence, a position, a head.
import { ArgumentError } from '../errors/arguments.ts';
import type { Axis } from './hookPoints.ts';
import { checkedIndex, Values } from './values.ts';

/** The axes that each word may choose from; of patterns, a position is the query's. */
const CHOOSES: Readonly<Record<Word, readonly Axis[]>> = {
  sequence: ['batch'],
  position: ['pos', 'queryPos'],
  head: ['head', 'keyValueHead'],
};

type Word = 'sequence' | 'position' | 'head';

/**
 * The numbers at the named indices with the axes that are left. Throws an ArgumentError where there is no such axis, or an
 * index lies outside of it.
 */
export function partOf(
  caller: string,
  whole: Values<readonly Axis[]>,
  part: Readonly<Partial<Record<Word, number>>>,
): Values<readonly Axis[]> {
  const { name, axes, shape, data } = whole;
  const chosen = new Map<number, number>();
  for (const word of Object.keys(CHOOSES) as Word[]) {
    const index = part[word];
    if (index === undefined) continue;
    const axis = axes.findIndex((a) => CHOOSES[word].includes(a));
    if (axis < 0)
      throw new ArgumentError(
        `${caller}: ${name} has axes [${axes.join(', ')}] and no ${word} to choose; leave it out.`,
      );
    chosen.set(axis, checkedIndex(caller, { what: `the ${word} of ${name}`, index, size: shape[axis] as number }));
  }
  const left = axes.flatMap((_, axis) => (chosen.has(axis) ? [] : [axis]));
  const size = left.reduce((product, axis) => product * (shape[axis] as number), 1);
  const out = data instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
  copyChosen(whole, chosen, out);
  const ofLeft = <T>(values: readonly T[]): T[] => left.map((axis) => values[axis] as T);
  return new Values<readonly Axis[]>(name, { shape: ofLeft(shape), axes: ofLeft(axes), data: out });
}

/** Copies in order, whole blocks of what lies behind the last chosen axis at a time. */
function copyChosen(
  { shape, data }: Values<readonly Axis[]>,
  chosen: ReadonlyMap<number, number>,
  out: Float32Array | Float64Array,
): void {
  const last = Math.max(-1, ...chosen.keys());
  const block = shape.slice(last + 1).reduce((product, size) => product * size, 1);
  let to = 0;
  const visit = (axis: number, from: number): void => {
    if (axis > last) {
      out.set(data.subarray(from * block, (from + 1) * block), to);
      to += block;
      return;
    }
    const size = shape[axis] as number;
    const index = chosen.get(axis);
    if (index !== undefined) visit(axis + 1, from * size + index);
    else for (let i = 0; i < size; i++) visit(axis + 1, from * size + i);
  };
  visit(0, 0);
}
