import type { Estimate } from '@induction-lab/core/node';

/** Rows of cells as aligned lines: the first column to the left, the others to the right unless named in `left`. */
export function textTable(rows: readonly (readonly string[])[], options: { left?: readonly number[] } = {}): string[] {
  const left = new Set([0, ...(options.left ?? [])]);
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const align = (cell: string, i: number): string =>
    left.has(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!);
  return rows.map((row) => row.map(align).join('  ').trimEnd());
}

/** A difference with its sign, to so many decimals. */
export const signedNumber = (x: number, digits = 2): string => `${x >= 0 ? '+' : ''}${x.toFixed(digits)}`;

/** An estimate as two cells: its value and its interval, with signs. */
export const estimateCells = ({ value, interval: [low, high] }: Estimate): [string, string] => [
  signedNumber(value),
  `[${signedNumber(low)}, ${signedNumber(high)}]`,
];

export const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

export const percentInterval = ({ interval: [low, high] }: Estimate): string => `[${percent(low)}, ${percent(high)}]`;
