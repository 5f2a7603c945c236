// Globs over names: of hook points, of weights.
import { ArgumentError } from '../errors/argumentError.ts';
import { quoted } from '../errors/printable.ts';

/** A glob, ready to be held against names. */
export interface Glob {
  /** Whether the whole name is matched. */
  test(name: string): boolean;
}

/**
 * A glob with `*` (anything) and `?` (one character) over the whole name. A test takes at most about
 * glob.length × name.length comparisons, whatever the glob: only the last `*` is ever tried again.
 */
export function globExpression(glob: string): Glob {
  if (typeof glob !== 'string') throw new ArgumentError(`globExpression: glob must be a string, got ${quoted(glob)}.`);
  // A `?` is one character, also where two halves of a surrogate pair write it; stars in a row are one star.
  const wanted = [...glob.replace(/\*+/g, '*')];
  return { test: (name) => matches(wanted, [...name]) };
}

function matches(glob: readonly string[], name: readonly string[]): boolean {
  let [g, n] = [0, 0];
  let star = -1;
  let resumed = 0;
  while (n < name.length)
    if (glob[g] === '*') {
      star = g++;
      resumed = n;
    } else if (g < glob.length && (glob[g] === '?' || glob[g] === name[n])) {
      g++;
      n++;
    } else if (star >= 0) {
      g = star + 1;
      n = ++resumed;
    } else return false;
  while (glob[g] === '*') g++;
  return g === glob.length;
}
