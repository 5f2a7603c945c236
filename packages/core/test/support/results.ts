// Pages of docs with tables of runs over seeds, each between markers of its own; most are in docs/results.md.
import { readFileSync, writeFileSync } from 'node:fs';

/** Median with the range from lowest to highest. */
export const spread = (values: readonly number[], digits = 2): string => {
  if (values.length === 0) return '–';
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
  return `${middle.toFixed(digits)} (${sorted[0]!.toFixed(digits)} to ${sorted.at(-1)!.toFixed(digits)})`;
};

/** How often each value occurred. */
export const counts = (values: readonly (string | number)[]): string => {
  const tally = new Map<string, number>();
  for (const v of values) tally.set(String(v), (tally.get(String(v)) ?? 0) + 1);
  return [...tally]
    .sort((a, b) => b[1] - a[1])
    .map(([v, n]) => `${v}: ${n} of ${values.length}`)
    .join('; ');
};

/** A table with a row for each quantity and a column for each name. */
export function resultTable<Run>(
  rows: readonly [string, (runs: readonly Run[]) => string][],
  columns: ReadonlyMap<string, readonly Run[]>,
): string[] {
  const names = [...columns.keys()];
  return [
    `| ${['', ...names].join(' | ')} |`,
    `|${'---|'.repeat(names.length + 1)}`,
    ...rows.map(([what, cell]) => `| ${[what, ...names.map((n) => cell(columns.get(n)!) || '–')].join(' | ')} |`),
  ];
}

/** Replaces one section of a page of docs, docs/results.md unless told. Throws when it is not there. */
export function writeResults(section: string, lines: readonly string[], page = 'results'): void {
  const path = new URL(`../../../../docs/${page}.md`, import.meta.url);
  const text = readFileSync(path, 'utf8');
  const marked = new RegExp(`(<!-- ${section}:begin -->)[\\s\\S]*(<!-- ${section}:end -->)`);
  if (!marked.test(text)) throw new Error(`docs/${page}.md has no section "${section}".`);
  writeFileSync(
    path,
    text.replace(marked, (_, begin: string, end: string) => `${begin}\n${lines.join('\n')}\n${end}`),
  );
}
