// Which cells are measured: all where there are few; else some of them, and more where the answer changes.
import { spread } from '../data/periods.ts';
import { type Cell, cellAt, countCells, type MapSpace, sameCell } from './cells.ts';

/** Distances that are all taken, from 2 on, where not all are. */
const NEAR = 16;
/** Starts of the first grid. */
const STARTS = 8;

/**
 * At most `most` cells, about: every cell where there are so few, else a chequerboard whose first row (copies from the very
 * beginning) has every distance, or as many as there is room for.
 */
export function firstGrid(space: MapSpace, most: number): Cell[] {
  const first = space.prefix.length;
  const distances = range(2, space.length - first - 2);
  const everywhere = range(first, space.length - 4);
  if (countCells(space) <= most) return cellsOn(space, { starts: everywhere, distances });
  const few = thinned(distances, Math.max(8, Math.floor(most / 2)));
  // Later rows are half as long on average, and of those every second place is taken.
  const rows = 1 + Math.floor((4 * (most - few.length)) / few.length);
  const starts = spread(everywhere, Math.max(2, Math.min(STARTS, rows)));
  return cellsOn(space, { starts, distances: few }).filter(
    ({ start, distance }) => start === first || (starts.indexOf(start) + few.indexOf(distance)) % 2 === 0,
  );
}

/** Every distance where there is room for it, else the near ones and an even choice of the rest. */
function thinned(distances: readonly number[], most: number): number[] {
  if (distances.length <= most) return [...distances];
  const near = distances.slice(0, Math.min(NEAR, most >> 1));
  return [...near, ...spread(distances.slice(near.length), most - near.length)];
}

/** Cells between measured neighbours whose answers differ, halfway, at most `most` of them, spread evenly. */
export function between<T extends Cell>(
  space: MapSpace,
  measured: readonly T[],
  { differ, most }: { differ: (a: T, b: T) => boolean; most: number },
): Cell[] {
  const found: Cell[] = [];
  for (const [line, along] of [
    ['distance', 'start'],
    ['start', 'distance'],
  ] as const)
    for (const value of new Set(measured.map((cell) => cell[line]))) {
      const row = measured.filter((cell) => cell[line] === value).sort((a, b) => a[along] - b[along]);
      row.slice(1).forEach((cell, i) => {
        const before = row[i] as T;
        if (cell[along] - before[along] < 2 || !differ(before, cell)) return;
        const place = { ...cell, [along]: Math.floor((cell[along] + before[along]) / 2) };
        const middle = cellAt(space, place.start, place.distance);
        if (middle && !measured.some((m) => sameCell(m, middle)) && !found.some((f) => sameCell(f, middle)))
          found.push(middle);
      });
    }
  return most < 1 ? [] : spread(range(0, found.length - 1), most).map((i) => found[i] as Cell);
}

/** All cells of some starts and distances that fit. */
export const cellsOn = (
  space: MapSpace,
  { starts, distances }: { starts: readonly number[]; distances: readonly number[] },
): Cell[] => starts.flatMap((start) => distances.flatMap((distance) => cellAt(space, start, distance) ?? []));

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
