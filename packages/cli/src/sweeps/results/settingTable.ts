// The runs of a sweep in one table: a row a setting, with medians, intervals and counts.
import { medianEstimate } from '@induction-lab/core/node';
import { intervalText, plainNumber } from '../../terminal/textTable.ts';
import type { FinishedRun, GroupedGrid } from './groupRuns.ts';

/** What a column of the table says of the runs of a setting; null where it was not measured. */
const COLUMNS: readonly { heading: string; of: (runs: readonly FinishedRun[]) => string | null }[] = [
  { heading: 'runs', of: (runs) => String(runs.length) },
  { heading: 'verdicts', of: (runs) => countsOf(runs, 'verdict') },
  { heading: 'circuits', of: (runs) => countsOf(runs, 'circuit') },
  { heading: 'loss at other periods', of: (runs) => spreadOf(runs, 'otherPeriodLoss', 2) },
  { heading: 'largest excess of a head', of: (runs) => spreadOf(runs, 'inductionExcess', 2) },
  { heading: 'step of the phase change', of: (runs) => spreadOf(runs, 'phaseChangeStep', 0) },
];

/** Headings and rows of a grid, with what was measured of some run. */
export function settingTable({ axis, panels }: GroupedGrid): { headings: string[]; rows: string[][] } {
  const groups = panels.flatMap(({ title, groups: own }) => own.map((group) => ({ title, ...group })));
  const titled = panels.some(({ title }) => title !== '');
  const shown = COLUMNS.filter(({ of }) => groups.some(({ runs }) => runs.length > 0 && of(runs) !== null));
  return {
    headings: [...(titled ? ['setting'] : []), axis, ...shown.map(({ heading }) => heading)],
    rows: groups.map(({ title, label, runs }) => [
      ...(titled ? [title] : []),
      label,
      ...shown.map(({ of }) => (runs.length === 0 ? '–' : (of(runs) ?? '–'))),
    ]),
  };
}

/** How many runs are of each kind, the most frequent first. */
function countsOf(runs: readonly FinishedRun[], column: string): string | null {
  const counts = new Map<string, number>();
  for (const { row } of runs)
    if (typeof row[column] === 'string') counts.set(row[column], (counts.get(row[column]) ?? 0) + 1);
  if (counts.size === 0) return null;
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([kind, count]) => `${kind} ${count} of ${runs.length}`)
    .join(', ');
}

/** Median with its interval. */
function spreadOf(runs: readonly FinishedRun[], column: string, digits: number): string | null {
  const values = runs.map(({ row }) => row[column]).filter((x): x is number => typeof x === 'number');
  if (values.length === 0) return null;
  const estimate = medianEstimate(values);
  return `${plainNumber(estimate.value, digits)} ${intervalText(estimate, (x) => plainNumber(x, digits))}`;
}
