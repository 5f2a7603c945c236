// `induction-lab sweep report`: HTML, figures, and on request a table in a page of Markdown.

import { printable } from '@induction-lab/core/internal/printable';
import { guessingLoss, mainSegment, type Segment, segmentsOf } from '@induction-lab/core/node';
import { badInput } from '../../errors.ts';
import { writeFigures } from '../../figures/drawing.ts';
import { writeWhole } from '../../files/wholeFiles.ts';
import { experimentAt } from '../../sweeps/definition/points.ts';
import { type OpenSweep, readTarget } from '../../sweeps/folder/openSweep.ts';
import { curveOf, type FinishedRun, groupRuns } from '../../sweeps/results/groupRuns.ts';
import { readSection, writeSection } from '../../sweeps/results/markdownSection.ts';
import { type Collected, eachRun } from '../../sweeps/results/runRows.ts';
import { sweepFigures } from '../../sweeps/results/sweepFigures.ts';
import { sweepPage } from '../../sweeps/results/sweepPage.ts';
import { completenessText } from './collectSweep.ts';

export interface ReportOptions {
  sweepFolder?: string;
  by?: string;
  mixed?: boolean;
  markdown?: string;
  section?: string;
}

export async function reportSweepCommand(target: string, options: ReportOptions): Promise<void> {
  const { by, mixed, markdown } = options;
  const open = await readTarget(target, { out: options.sweepFolder });
  const section = options.section ?? open.sweep.name;
  if (markdown !== undefined) readSection(markdown, section);
  else if (options.section !== undefined)
    throw badInput('--section names a place in a page; give the page with --markdown.');
  const { runs, collected } = finishedRuns(open, mixed);
  if (runs.length === 0) throw badInput(`${printable(open.folder.path)} holds no results yet; run the sweep first.`);
  const { lnVocab, segment } = about(open);
  const grids = open.sweep.grids.map((grid) => {
    const grouped = groupRuns(grid, runs, by);
    return { grid: grouped, figures: sweepFigures(grouped, { lnVocab, curve: `training loss (${segment.title})` }) };
  });
  writeFigures(open.folder.file('figures'), Object.assign({}, ...grids.map(({ figures }) => figures)));
  const page = open.folder.file('report.html');
  writeWhole(page, sweepPage({ sweep: open.sweep, collected, grids }));
  if (markdown !== undefined)
    writeSection(markdown, section, { sweep: open.sweep, collected, grids: grids.map(({ grid }) => grid) });
  for (const line of completenessText(collected)) process.stderr.write(`${printable(line)}\n`);
  process.stdout.write(`Report: ${printable(page)}\nFigures: ${printable(open.folder.file('figures'))}\n`);
}

function finishedRuns(open: OpenSweep, mixed: boolean | undefined): { runs: FinishedRun[]; collected: Collected } {
  const { segment } = about(open);
  const runs: FinishedRun[] = [];
  const collected = eachRun(open, { mixed }, (row, result, { point, seed }) => {
    if (result) runs.push({ point: open.points[point]!, seed, row, curve: curveOf(result, segment.name) });
  });
  return { runs, collected };
}

/** What all runs have in common, by the first: what guessing costs, and the segment whose losses are drawn. */
function about({ sweep, points }: OpenSweep): { lnVocab: number; segment: Segment } {
  const { model, task } = experimentAt(sweep, points[0]!, sweep.name);
  return { lnVocab: guessingLoss(model), segment: mainSegment(task.kind === 'data' ? [] : segmentsOf(task)) };
}
