// report.html of a sweep: one file that a browser opens from disk.
import { printable } from '@induction-lab/core/internal/printable';
import type { Draw } from '../../figures/drawing.ts';
import { escapeHtml, paragraph, section, table } from '../../report/html.ts';
import { style } from '../../report/style.ts';
import { VERSION } from '../../version.ts';
import { axesText, seedsText } from '../definition/readSweep.ts';
import type { Sweep } from '../definition/sweep.ts';
import type { GroupedGrid } from './groupRuns.ts';
import type { Collected } from './runRows.ts';
import { settingTable } from './settingTable.ts';

export interface SweepReport {
  readonly sweep: Sweep;
  readonly collected: Collected;
  readonly grids: readonly { readonly grid: GroupedGrid; readonly figures: Readonly<Record<string, Draw>> }[];
}

/** Runs that are named one by one. */
const NAMED = 50;

export function sweepPage({ sweep, collected, grids }: SweepReport): string {
  const { name, about } = sweep;
  const body = [
    section(
      'sweep',
      'The sweep',
      ...axesText(sweep.grids).map((line) => paragraph(escapeHtml(line))),
      paragraph(countText(collected, sweep)),
    ),
    ...grids.map(({ grid, figures }, i) => gridSection(grid, figures, i)),
    completeness(collected),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)}: ${collected.done} runs</title><style>${style}</style></head>
<body><header><h1>${escapeHtml(name)}</h1>${about === '' ? '' : paragraph(escapeHtml(about))}</header><main>${body.join('\n')}</main>
<footer>induction-lab ${VERSION}. Written by <code>sweep report</code> from the results of ${collected.done} runs, made by ${collected.programs.map(escapeHtml).join('; ') || 'nothing yet'}. Every dot is a run; a line in the middle of a column is the median of its runs, the bar behind it its 95 % bootstrap interval.</footer></body></html>
`;
}

const countText = ({ runs, done, failed, missing }: Collected, sweep: Sweep): string =>
  `${done.toLocaleString('en')} of ${runs.toLocaleString('en')} runs are done, ${seedsText(sweep)} of each setting; ${failed.length} failed, ${missing.length} missing.`;

function gridSection(grid: GroupedGrid, figures: Readonly<Record<string, Draw>>, index: number): string {
  const { headings, rows } = settingTable(grid);
  return section(
    `grid-${index + 1}`,
    grid.name === '' ? 'Results' : escapeHtml(grid.name),
    ...Object.values(figures).map((draw) => `<figure>${draw('auto')}</figure>`),
    table(
      headings.map(escapeHtml),
      rows.map((row) => row.map(escapeHtml)),
      'Medians with 95 % bootstrap intervals over runs; losses in nats.',
    ),
  );
}

/** What is not there, and what is mixed; nothing where all is well. */
function completeness({ missing, failed, programs }: Collected): string {
  const list = (what: string, all: readonly string[]): string[] =>
    all.length === 0
      ? []
      : [
          `<h3>${what}</h3><ul>${all
            .slice(0, NAMED)
            .map((text) => `<li>${escapeHtml(text)}</li>`)
            .join('')}${all.length > NAMED ? `<li>and ${all.length - NAMED} more</li>` : ''}</ul>`,
        ];
  const parts = [
    ...list('Failed', failed),
    ...list('Missing', missing),
    ...(programs.length > 1
      ? list('Results of several versions of the program are taken together', programs.map(printable))
      : []),
  ];
  return parts.length === 0 ? '' : section('completeness', 'What is not there', ...parts);
}
