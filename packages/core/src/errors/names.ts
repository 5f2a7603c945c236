// Names in messages: a few of many, how many there are, and the nearest to one that was mistyped.
import { printable, shortened } from './printable.ts';

/** `a, b, c and 17 more`: the first `most` names, printable and short, and how many follow. */
export function listed(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most).map((name) => shortened(printable(name), 40));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more.toLocaleString('en')} more` : shown.join(', ');
}

/** `1 run`, `1,200 runs`. */
export const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;

/** The `count` names that are nearest to one, by Levenshtein's distance over their first 60 characters. */
export function nearest(name: string, names: readonly string[], count = 3): string[] {
  const near = name.slice(0, 60);
  const distances = new Map(names.map((other) => [other, editDistance(near, other.slice(0, 60))]));
  return [...names].sort((a, b) => distances.get(a)! - distances.get(b)!).slice(0, count);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] as number;
}
