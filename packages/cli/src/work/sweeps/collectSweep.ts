// `induction-lab sweep collect`: one table of all runs.
import { shortened } from '@induction-lab/core/internal/printable';
import { claimOutputs } from '../../runs/outputs.ts';
import { readTarget } from '../../sweeps/folder/openSweep.ts';
import { Columns } from '../../sweeps/results/columns.ts';
import { type Collected, eachRun } from '../../sweeps/results/runRows.ts';
import { checkTableName, TABLE_ENDINGS, writeTable } from '../../sweeps/results/writeTable.ts';

import { showingSteps } from '../../terminal/showingSteps.ts';

export interface CollectOptions {
  sweepFolder?: string;
  out?: string[];
  force?: boolean;
  mixed?: boolean;
  quiet?: boolean;
}

export async function collectSweepCommand(target: string, options: CollectOptions): Promise<void> {
  const open = await readTarget(target, { out: options.sweepFolder });
  const given = options.out ?? [];
  for (const out of given) {
    checkTableName(out);
    claimOutputs({ out, force: options.force });
  }
  const columns = new Columns();
  const { mixed, quiet = false } = options;
  const collected = await showingSteps('reading results', { name: 'collect', quiet }, (onRun) =>
    eachRun(open, { mixed, onRun }, (row) => columns.add(row)),
  );
  const files = given.length > 0 ? given : TABLE_ENDINGS.map((ending) => open.folder.file(`table${ending}`));
  for (const file of files) writeTable(file, columns);
  for (const line of completenessText(collected)) process.stderr.write(`${line}\n`);
  process.stdout.write(
    `${collected.done.toLocaleString('en')} of ${collected.runs.toLocaleString('en')} runs in ${files.join(', ')}.\n`,
  );
}

/** Runs of a kind that are named one by one. */
const NAMED = 10;

/** What is missing, what failed and what is mixed, in lines; none where all is well. */
export function completenessText({ missing, failed, programs }: Collected): string[] {
  const named = (what: string, all: readonly string[]): string[] =>
    all.length === 0
      ? []
      : [
          `${all.length.toLocaleString('en')} ${what}:`,
          ...all.slice(0, NAMED).map((text) => `  ${shortened(text, 200)}`),
          ...(all.length > NAMED ? [`  and ${(all.length - NAMED).toLocaleString('en')} more`] : []),
        ];
  return [
    ...named('missing', missing),
    ...named('failed', failed),
    ...(programs.length > 1
      ? [`Results of ${programs.length} versions of the program together: ${programs.join('; ')}.`]
      : []),
  ];
}
