// The table of a sweep in a page of Markdown, between two comments: <!-- NAME:begin --> and <!-- NAME:end -->.
import { readFileSync } from 'node:fs';
import { printable } from '@induction-lab/core/internal/printable';
import { badInput } from '../../errors.ts';
import { writeWhole } from '../../files/wholeFiles.ts';
import { seedsText } from '../definition/readSweep.ts';
import type { Sweep } from '../definition/sweep.ts';
import type { GroupedGrid } from './groupRuns.ts';
import type { Collected } from './runRows.ts';
import { settingTable } from './settingTable.ts';

const begin = (name: string): string => `<!-- ${name}:begin -->`;
const end = (name: string): string => `<!-- ${name}:end -->`;

/** The page around the section. Throws a CommandError where it has none of this name. */
export function readSection(page: string, name: string): { before: string; after: string } {
  const text = readFileSync(page, 'utf8');
  const from = text.indexOf(begin(name));
  const to = text.indexOf(end(name));
  if (from < 0 || to < from)
    throw badInput(
      `${printable(page)} has no section ${begin(name)} … ${end(name)}; write both comments where the table is to stand.`,
    );
  return { before: text.slice(0, from), after: text.slice(to) };
}

/** Replaces the section by the tables of all grids. */
export function writeSection(
  page: string,
  name: string,
  report: { sweep: Sweep; collected: Collected; grids: readonly GroupedGrid[] },
): void {
  const { before, after } = readSection(page, name);
  writeWhole(page, `${before}${begin(name)}\n${lines(report).join('\n')}\n${after}`);
}

function lines({
  sweep,
  collected,
  grids,
}: {
  sweep: Sweep;
  collected: Collected;
  grids: readonly GroupedGrid[];
}): string[] {
  const { done, runs, failed, programs } = collected;
  return [
    `${done} of ${runs} runs, ${seedsText(sweep)} of each setting${failed.length > 0 ? `, ${failed.length} failed` : ''}; made by ${programs.join('; ')}. Medians with 95 % bootstrap intervals; losses in nats.`,
    ...grids.flatMap((grid) => {
      const { headings, rows } = settingTable(grid);
      return [
        '',
        ...(grid.name === '' ? [] : [`${grid.name}:`, '']),
        `| ${headings.map(cell).join(' | ')} |`,
        `|${'---|'.repeat(headings.length)}`,
        ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
      ];
    }),
  ];
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
