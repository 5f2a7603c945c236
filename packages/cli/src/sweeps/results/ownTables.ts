// The tables that a sweep file asks for.

import { nearest } from '@induction-lab/core/internal/names';
import { quoted } from '@induction-lab/core/internal/printable';
import { medianEstimate } from '@induction-lab/core/node';
import { badInput } from '../../errors.ts';
import { intervalText, NONE, plainNumber } from '../../terminal/textTable.ts';
import type { TableCellJson, TableJson } from '../definition/tables.ts';
import type { Cell } from '../jobs/cells.ts';
import type { FinishedRun, GroupedGrid } from './groupRuns.ts';
import type { ResultsTable } from './outcomeTables.ts';

/** A table over the settings of all grids. Throws a CommandError where it asks for what no run has. */
export function ownTable(table: TableJson, grids: readonly GroupedGrid[]): ResultsTable {
  const settings = grids.flatMap(({ name, panels }) =>
    panels.flatMap(({ title, groups }) =>
      groups.map(({ label, runs }) => ({ name: [name, title, label].filter(Boolean).join(', '), runs })),
    ),
  );
  const { only = settings.map(({ name }) => name), cells } = table;
  const chosen = only.map((wanted) => {
    const found = settings.find(({ name }) => name === wanted);
    if (found) return found;
    const names = settings.map(({ name }) => name);
    throw badInput(
      `The table asks for a setting ${quoted(wanted)}; the nearest is ${quoted(nearest(wanted, names, 1)[0])}.`,
    );
  });
  checkColumns(
    cells,
    settings.flatMap(({ runs }) => runs),
  );
  const rows = cells.map((cell) => [cell.heading ?? cell.of, ...chosen.map(({ runs }) => cellText(cell, runs))]);
  if (table.settings === 'columns') return { headings: ['', ...chosen.map(({ name }) => name)], rows };
  const turned = chosen.map(({ name }, i) => [name, ...rows.map((row) => row[i + 1]!)]);
  return { headings: [grids[0]!.axis, ...rows.map(([heading]) => heading!)], rows: turned };
}

const columnsOf = ({ of, as }: TableCellJson): string[] => (as === 'extremes' ? [`${of}Least`, `${of}Most`] : [of]);

function checkColumns(cells: readonly TableCellJson[], runs: readonly FinishedRun[]): void {
  const known = [...new Set(runs.flatMap(({ row }) => Object.keys(row)))];
  for (const column of cells.flatMap(columnsOf))
    if (!known.includes(column))
      throw badInput(
        `The table asks for ${quoted(column)}, which no run has; the nearest column is ${quoted(nearest(column, known, 1)[0])}. Measure it, or correct the name.`,
      );
}

function cellText(cell: TableCellJson, runs: readonly FinishedRun[]): string {
  const [low, high] = columnsOf(cell).map((column) => runs.map(({ row }) => row[column] ?? null)) as [Cell[], Cell[]?];
  const numbers = numbersOf(low);
  const { digits = 2, as = numbers.length === 0 ? 'counts' : 'range' } = cell;
  const text = (x: number): string => plainNumber(x, digits);
  switch (as) {
    case 'counts':
      return countsText(low);
    case 'extremes':
      return numbers.length === 0 ? NONE : `${text(Math.min(...numbers))} to ${text(Math.max(...numbersOf(high!)))}`;
    case 'range':
      return ofSome(
        numbers,
        low,
        `${text(medianEstimate(numbers).value)} (${text(Math.min(...numbers))} to ${text(Math.max(...numbers))})`,
      );
    case 'interval': {
      const estimate = medianEstimate(numbers);
      return ofSome(numbers, low, `${text(estimate.value)} ${intervalText(estimate, text)}`);
    }
  }
}

const numbersOf = (cells: readonly Cell[]): number[] => cells.filter((cell) => typeof cell === 'number');

/** A text about numbers that only some of the runs have says so. */
function ofSome(numbers: readonly number[], all: readonly Cell[], text: string): string {
  if (numbers.length === 0) return NONE;
  return numbers.length < all.length ? `${text}, ${numbers.length} of ${all.length}` : text;
}

/** How often each value occurred, the most frequent first; of yes and no the yes alone. */
function countsText(cells: readonly Cell[]): string {
  const found = cells.filter((cell) => cell !== null);
  if (found.length === 0) return NONE;
  if (found.every((cell) => typeof cell === 'boolean')) return `${found.filter(Boolean).length} of ${found.length}`;
  const tally = new Map<string, number>();
  for (const cell of found) tally.set(String(cell), (tally.get(String(cell)) ?? 0) + 1);
  return [...tally]
    .sort((a, b) => b[1] - a[1])
    .map(([value, count]) => `${value}: ${count} of ${found.length}`)
    .join('; ');
}
