// Tables for a terminal: aligned, no wider than it, with a legend that says what each heading means.
import type { Estimate } from '@induction-lab/core/node';

/** A column's heading and what it means; the meaning is empty for a column of names that needs none. */
export type Column = readonly [heading: string, meaning: string];

export interface TableOptions {
  /** Width in characters; 80 unless given. A table that is wider goes on below, by whole columns. */
  readonly columns?: number;
  /** Columns set to the left besides the first. */
  readonly left?: readonly number[];
  /** So many columns name a row, and are repeated where a table goes on below; 1 unless given. */
  readonly names?: number;
  /** The other columns come in groups of so many, which stay together; 1 unless given. */
  readonly groups?: number;
}

/** What a table is cut to where nobody knows the width: a pipe, a file, a narrow window. */
const NARROW = 80;

const GAP = '  ';

/** Columns that a table may take on a stream: a terminal's own, but never fewer than 80. */
export const columnsOf = (stream: { readonly isTTY?: boolean; readonly columns?: number }): number =>
  stream.isTTY === true ? Math.max(NARROW, stream.columns ?? NARROW) : NARROW;

/**
 * Rows of cells as aligned lines: names to the left, other columns to the right unless `left` has them. A table wider than
 * `columns` becomes several, one below the other with an empty line between, each beginning with the rows' names.
 */
export function textTable(rows: readonly (readonly string[])[], options: TableOptions = {}): string[] {
  const { columns = NARROW, names = 1, groups = 1 } = options;
  const left = new Set(options.left ?? []);
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => lengthOf(row[i]!))));
  const align = (cell: string, i: number): string => {
    const space = ' '.repeat(widths[i]! - lengthOf(cell));
    return i < names || left.has(i) ? cell + space : space + cell;
  };
  const named = Array.from({ length: Math.min(names, widths.length) }, (_, i) => i);
  return blocksOf(widths, { columns, named, groups }).flatMap((block, index) => [
    ...(index === 0 ? [] : ['']),
    ...rows.map((row) =>
      block
        .map((i) => align(row[i]!, i))
        .join(GAP)
        .trimEnd(),
    ),
  ]);
}

/** Which columns stand beside each other; each block begins with the naming ones. */
function blocksOf(
  widths: readonly number[],
  { columns, named, groups }: { columns: number; named: readonly number[]; groups: number },
): number[][] {
  const taken = (block: readonly number[]): number =>
    block.reduce((sum, i) => sum + widths[i]! + GAP.length, -GAP.length);
  const blocks: number[][] = [[...named]];
  for (let from = named.length; from < widths.length; from += groups) {
    const group = Array.from({ length: Math.min(groups, widths.length - from) }, (_, i) => from + i);
    const last = blocks.at(-1)!;
    if (last.length > named.length && taken([...last, ...group]) > columns) blocks.push([...named, ...group]);
    else last.push(...group);
  }
  return blocks;
}

/** Characters that are seen: what a terminal gives a place of its own. */
const lengthOf = (text: string): number => [...text].length;

/** A table under its headings, and below it what each of them means. */
export function explainedTable(
  headings: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string[] {
  const table = textTable([headings.map(([heading]) => heading), ...rows], options);
  return [...table, '', ...wrapped(legend(headings), options.columns ?? NARROW)];
}

/** What each heading means; those that mean the same are named together. */
function legend(headings: readonly Column[]): string {
  const byMeaning = new Map<string, Set<string>>();
  for (const [heading, meaning] of headings)
    if (meaning !== '') byMeaning.set(meaning, (byMeaning.get(meaning) ?? new Set()).add(heading));
  return `${[...byMeaning].map(([meaning, names]) => `${[...names].join(', ')}: ${meaning}`).join('; ')}.`;
}

/** A text in lines of at most so many characters, broken between words. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/ +/)) {
    const last = lines.at(-1);
    if (last !== undefined && lengthOf(last) + 1 + lengthOf(word) <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** What stands for a number that there is none of. */
export const NONE = '–';

/** A number to so many decimals; – for none, and for what is not finite. */
export const plainNumber = (x: number | null | undefined, digits = 2): string =>
  typeof x === 'number' && Number.isFinite(x) ? x.toFixed(digits) : NONE;

/** A difference with its sign, to so many decimals; – for none. */
export const signedNumber = (x: number | null | undefined, digits = 2): string =>
  typeof x === 'number' && Number.isFinite(x) ? `${x >= 0 ? '+' : ''}${x.toFixed(digits)}` : NONE;

/** An interval by the way its ends are written; – where an end is none, and for a single sequence, which has no spread. */
export const intervalText = ({ interval, n }: Pick<Estimate, 'interval' | 'n'>, end: (x: number) => string): string =>
  n > 1 && interval.every(Number.isFinite) ? `[${interval.map(end).join(', ')}]` : NONE;

/** An estimate as two cells: its value and its interval, with signs. */
export const estimateCells = (estimate: Estimate): [string, string] => [
  signedNumber(estimate.value),
  intervalText(estimate, (x) => signedNumber(x)),
];

/** A share as whole per cent; – for none. */
export const percent = (share: number | null | undefined): string =>
  typeof share === 'number' && Number.isFinite(share) ? `${(100 * share).toFixed(0)} %` : NONE;

export const percentInterval = (estimate: Estimate): string => intervalText(estimate, percent);

/** The range of some shares, those that are none left out. */
export function percentRange(shares: readonly (number | null)[]): string {
  const finite = shares.filter((x): x is number => x !== null && Number.isFinite(x));
  return finite.length === 0 ? NONE : `${percent(Math.min(...finite))} to ${percent(Math.max(...finite))}`;
}
