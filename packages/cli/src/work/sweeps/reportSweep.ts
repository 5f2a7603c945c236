// `induction-lab sweep report`: HTML, figures, and on request a table in a page of Markdown.
import { printable } from '@induction-lab/core/internal/printable';
import { badInput } from '../../errors.ts';
import { type Draw, writeFigures } from '../../figures/drawing.ts';
import { writeWhole } from '../../files/wholeFiles.ts';
import { readTarget } from '../../sweeps/folder/openSweep.ts';
import { finishedRuns } from '../../sweeps/results/finishedRuns.ts';
import { groupRuns } from '../../sweeps/results/groupRuns.ts';
import { checkFigures, readPage } from '../../sweeps/results/markdownSection.ts';
import { figuresOf } from '../../sweeps/results/sweepFigures.ts';
import { sweepPage } from '../../sweeps/results/sweepPage.ts';
import { writeMarkdown } from '../../sweeps/results/writeMarkdown.ts';
import { showingSteps } from '../../terminal/showingSteps.ts';
import { completenessText } from './collectSweep.ts';

export interface ReportOptions {
  sweepFolder?: string;
  by?: string;
  mixed?: boolean;
  markdown?: string[];
  images?: string;
  section?: string;
  quiet?: boolean;
}

export async function reportSweepCommand(target: string, options: ReportOptions): Promise<void> {
  const { by, mixed, markdown = [], images, quiet = false } = options;
  const open = await readTarget(target, { out: options.sweepFolder });
  const section = options.section ?? open.sweep.name;
  const pages = markdown.map((path) => readPage(path, section));
  for (const [name, given] of Object.entries({ section: options.section, images }))
    if (given !== undefined && pages.length === 0)
      throw badInput(`--${name} is about a page of Markdown; give the page with --markdown.`);
  const { runs, collected } = await showingSteps('reading results', { name: 'report', quiet }, (onRun) =>
    finishedRuns(open, { mixed, onRun }),
  );
  if (runs.length === 0) throw badInput(`${printable(open.folder.path)} holds no results yet; run the sweep first.`);
  const grids = open.sweep.grids.map((grid) => {
    const grouped = groupRuns(grid, runs, by);
    return { grid: grouped, figures: figuresOf(open, grouped) };
  });
  const figures = Object.assign({}, ...grids.map((grid) => grid.figures)) as Readonly<Record<string, Draw>>;
  const report = { sweep: open.sweep, collected, grids: grids.map(({ grid }) => grid), figures };
  const tables = (open.sweep.tables ?? []).flatMap(({ name }) => name ?? []);
  for (const page of pages) checkFigures(page, [...Object.keys(figures), ...tables]);
  writeFigures(open.folder.file('figures'), figures);
  const page = open.folder.file('report.html');
  writeWhole(page, sweepPage({ sweep: open.sweep, collected, grids }));
  writeMarkdown(pages, report, { section, images });
  for (const line of completenessText(collected)) process.stderr.write(`${printable(line)}\n`);
  process.stdout.write(`Report: ${printable(page)}\nFigures: ${printable(open.folder.file('figures'))}\n`);
}
