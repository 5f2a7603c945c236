// What became of the runs of a sweep, counted: by each axis, and by all of them where a table of all settings would be long.
import { percent } from '../../terminal/textTable.ts';
import { type FinishedRun, type GroupedGrid, shortName } from './groupRuns.ts';
import { kindsOf, OUTCOMES } from './outcomes.ts';

export interface ResultsTable {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a run is counted as: its outcome, or the verdict where no circuit was looked for; null where neither was. */
const kindOf = ({ row }: FinishedRun): string | null => {
  const kind = row.outcome ?? row.verdict;
  return typeof kind === 'string' ? kind : null;
};

const kindsIn = (grid: GroupedGrid): string[] =>
  kindsOf(
    grid.panels.flatMap(({ groups }) => groups.flatMap(({ runs }) => runs.flatMap((run) => kindOf(run) ?? []))),
    OUTCOMES,
  );

/** Each setting of each axis with the share of its runs that became what; null where that was not measured. */
export function totalsTable(grid: GroupedGrid): ResultsTable | null {
  const kinds = kindsIn(grid);
  if (kinds.length === 0) return null;
  const line = (name: string, runs: readonly FinishedRun[]): string[] => [
    name,
    String(runs.length),
    ...kinds.map((kind) => shareText(runs.filter((run) => kindOf(run) === kind).length, runs.length)),
  ];
  const everything = grid.margins[0]?.groups.flatMap(({ runs }) => runs) ?? [];
  return {
    headings: ['', 'runs', ...kinds],
    rows: [
      ...grid.margins.flatMap(({ axis, groups }) =>
        groups.map(({ label, runs }) => line(`${shortName(axis)} ${label}`, runs)),
      ),
      line('all', everything),
    ],
  };
}

/** Counts with a column for each setting of the last axis; null where panels stand in no rows, or nothing was counted. */
export function countsTable(grid: GroupedGrid): ResultsTable | null {
  const { rows, panels, axis } = grid;
  const kinds = kindsIn(grid);
  if (rows === null || kinds.length === 0) return null;
  const across = panels.length / rows.length;
  const cell = (runs: readonly FinishedRun[]): string =>
    kinds
      .map((kind) => [runs.filter((run) => kindOf(run) === kind).length, kind] as const)
      .filter(([count]) => count > 0)
      .map(([count, kind]) => `${kind} ${count}`)
      .join(', ') || '–';
  return {
    headings: ['', shortName(axis), ...panels.slice(0, across).map(({ column }) => column)],
    rows: rows.flatMap((row, r) => {
      const own = panels.slice(r * across, (r + 1) * across);
      return own[0]!.groups.map(({ label }, g) => [row, label, ...own.map(({ groups }) => cell(groups[g]!.runs))]);
    }),
  };
}

/** "5: 63 % [31, 86]": how many, and their share with its 95 % interval. */
function shareText(count: number, of: number): string {
  if (of === 0) return '–';
  const [low, high] = wilsonInterval(count, of);
  return `${count}: ${percent(count / of)} [${(100 * low).toFixed(0)}, ${(100 * high).toFixed(0)}]`;
}

/** 97.5th percentile of the normal distribution. */
const Z = 1.959964;

/** The 95 % interval of a share by Wilson (1927), which also of none or all of a few runs says how little they prove. */
export function wilsonInterval(count: number, of: number): [low: number, high: number] {
  const share = count / of;
  const middle = share + Z ** 2 / (2 * of);
  const half = Z * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2));
  const whole = 1 + Z ** 2 / of;
  return [Math.max(0, (middle - half) / whole), Math.min(1, (middle + half) / whole)];
}
