// The tables and figures of a sweep, written into the pages of Markdown that have a place for them.
import { dirname, join, relative, sep } from 'node:path';
import type { Draw } from '../../figures/drawing.ts';
import { writeWhole } from '../../files/wholeFiles.ts';
import { seedsText } from '../definition/readSweep.ts';
import type { Sweep } from '../definition/sweep.ts';
import type { GroupedGrid } from './groupRuns.ts';
import { type MarkdownPage, markdownTable, pictureOf, sectionOf, writeSections } from './markdownSection.ts';
import { countsTable, totalsTable } from './outcomeTables.ts';
import { ownTable } from './ownTables.ts';
import type { Collected } from './runRows.ts';
import { settingTable } from './settingTable.ts';

/** Pixels that a phone has for a figure. */
const NARROW = 360;

export interface Report {
  readonly sweep: Sweep;
  readonly collected: Collected;
  readonly grids: readonly GroupedGrid[];
  readonly figures: Readonly<Record<string, Draw>>;
}

/**
 * Writes the sections called `section` of each page; figures as SVG into `images`, or into the folder images beside the
 * page.
 */
export function writeMarkdown(
  pages: readonly MarkdownPage[],
  report: Report,
  { section, images }: { section: string; images?: string | undefined },
): void {
  for (const page of pages) {
    const folder = images ?? join(dirname(page.path), 'images');
    const contents = new Map<string, string>(page.tables ? [[section, tables(report).join('\n')]] : []);
    for (const name of page.figures) {
      const own = report.sweep.tables?.find((table) => table.name === name);
      if (own) {
        contents.set(
          `${section}.${name}`,
          [madeBy(report), '', ...markdownTable(ownTable(own, report.grids))].join('\n'),
        );
        continue;
      }
      const before = sectionOf(page, `${section}.${name}`);
      contents.set(
        `${section}.${name}`,
        picture(report.figures[name]!, { page, folder, name: `${section}-${name}`, before }),
      );
    }
    writeSections(page, contents);
  }
}

/** Writes a figure light and dark, wide and for phones; returns what shows it. */
function picture(
  draw: Draw,
  { page, folder, name, before }: { page: MarkdownPage; folder: string; name: string; before: string },
): string {
  const linkTo = (ending: string, svg: string): string => {
    const path = join(folder, `${name}${ending}.svg`);
    writeWhole(path, svg);
    return encodeURI(relative(dirname(page.path), path).split(sep).join('/'));
  };
  const light = draw('light');
  const title = /<title[^>]*>([^<]*)</.exec(light)?.[1] ?? name;
  const wide = { light: linkTo('', light), dark: linkTo('-dark', draw('dark')) };
  // One of several that stand side by side is small anyway.
  const narrow = /\bwidth="/.test(before)
    ? null
    : { light: linkTo('-narrow', draw('light', NARROW)), dark: linkTo('-narrow-dark', draw('dark', NARROW)) };
  return pictureOf({ wide, narrow }, { title, before });
}

function tables(report: Report): string[] {
  const own = report.sweep.tables?.find(({ name }) => name === undefined);
  if (own) return [madeBy(report), '', ...markdownTable(ownTable(own, report.grids))];
  return [
    madeBy(report),
    ...report.grids.flatMap((grid) => [...(grid.name === '' ? [] : ['', `${grid.name}:`]), ...gridTables(grid)]),
  ];
}

const madeBy = ({ sweep, collected: { done, runs, failed, programs } }: Report): string =>
  `${done} of ${runs} runs, ${seedsText(sweep)} of each setting${failed.length > 0 ? `, ${failed.length} failed` : ''}; made by ${programs.join('; ')}.`;

/** Every setting in a row; where there are three axes, counts alone, by each axis and by all of them. */
function gridTables(grid: GroupedGrid): string[] {
  const counts = countsTable(grid);
  if (counts === null)
    return ['', 'Medians with 95 % bootstrap intervals; losses in nats.', '', ...markdownTable(settingTable(grid))];
  return [
    '',
    'By each axis, with the 95 % interval of each share in per cent (Wilson):',
    '',
    ...markdownTable(totalsTable(grid)!),
    '',
    'By all of them:',
    '',
    ...markdownTable(counts),
  ];
}
