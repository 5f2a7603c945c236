// Where a circuit that matches content works: everywhere, or within limits.

import type { MapSpace } from './cells.ts';
import type { JudgedCell, MeasuredMap } from './inductionMap.ts';
import type { Solution } from './mapRecord.ts';

/** Something that the repeat must keep to: how far back the first copy lies, or where one of the copies stands. */
export interface Limit {
  readonly what: 'period' | 'first copy' | 'second copy';
  /** The least that holds what is solved. */
  readonly from: number;
  /** The most that holds what is solved. */
  readonly to: number;
}

/** One query of a cell: how far back its match lies, where the token stands that follows there, and where it stands itself. */
interface Place {
  readonly at: Readonly<Record<Limit['what'], number>>;
  readonly solved: boolean;
}

/** In the order in which they are preferred where two say the same. */
const AXES: readonly Limit['what'][] = ['period', 'first copy', 'second copy'];

/** A limit must shut out so large a share of the places: single places at an edge may fail by chance. */
const WORTH = 0.05;

/** Where it works, and at which share of the places within. */
export interface Limits {
  readonly limits: readonly Limit[];
  /** Share of the places within the limits that are solved by content, of those that no fixed distance solves. */
  readonly share: number;
}

/** Finds the ranges of period, first copy and second copy that hold what is solved by content. */
export function limitsOf({ cells, space }: Pick<MeasuredMap, 'cells' | 'space'>): Limits {
  let places = cells.flatMap(placesOf);
  const measured = places;
  const limits: Limit[] = [];
  for (const _ of AXES) {
    const open = AXES.filter((what) => !limits.some((limit) => limit.what === what));
    const best = open.map((what) => densest(places, what)).reduce((a, b) => (b.gain > a.gain ? b : a));
    const within = places.filter(({ at }) => at[best.what] >= best.from && at[best.what] <= best.to);
    if (places.length - within.length <= WORTH * places.length) break;
    limits.push(upToTheEnds(best, measured, space));
    places = within;
  }
  return { limits, share: places.filter(({ solved }) => solved).length / places.length };
}

/** A limit that goes as far as anything was measured goes as far as there are places. */
function upToTheEnds({ what, from, to }: Limit, measured: readonly Place[], { length, prefix }: MapSpace): Limit {
  const values = measured.map(({ at }) => at[what]);
  const first = { period: 2, 'first copy': prefix.length + 1, 'second copy': prefix.length + 2 }[what];
  const last = { period: length - prefix.length - 2, 'first copy': length - 3, 'second copy': length - 2 }[what];
  return {
    what,
    from: values.some((value) => value < from) ? from : first,
    to: values.some((value) => value > to) ? to : last,
  };
}

const placesOf = ({ start, distance, solutions }: JudgedCell): Place[] =>
  solutions
    .map((solution: Solution, i) => ({
      at: { period: distance, 'first copy': start + i + 1, 'second copy': start + distance + i },
      solved: solution === 'by content',
      skipped: solution === 'by position',
    }))
    .filter(({ skipped }) => !skipped);

/** The range of an axis that holds more solved than unsolved places, by the largest difference; these weigh less the more there are. */
function densest(places: readonly Place[], what: Limit['what']): Limit & { gain: number } {
  const solved = places.filter((place) => place.solved).length;
  const weight = Math.min(1, solved / (places.length - solved || 1));
  const sums = new Map<number, number>();
  for (const place of places) {
    const value = place.at[what];
    sums.set(value, (sums.get(value) ?? 0) + (place.solved ? 1 : -weight));
  }
  const values = [...sums.keys()].sort((a, b) => a - b);
  let best = { what, from: values[0]!, to: values.at(-1)!, gain: 0 };
  let [from, gain] = [values[0]!, 0];
  for (const value of values) {
    if (gain <= 0) [from, gain] = [value, 0];
    gain += sums.get(value)!;
    if (gain > best.gain) best = { what, from, to: value, gain };
  }
  return best;
}
