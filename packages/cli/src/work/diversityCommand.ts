import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { printable } from '@induction-lab/core/internal/printable';
import type { Verdict } from '@induction-lab/core/node';
import { CommandError, EXIT } from '../errors.ts';
import { writeFigures } from '../figures/drawing.ts';
import { writeWhole } from '../files/wholeFiles.ts';
import { claimFreshFolder, freshRunFolder } from '../runs/freshFolder.ts';
import { spellOut } from '../sweeps/definition/readSweep.ts';
import { beginSweep, type OpenSweep } from '../sweeps/folder/openSweep.ts';
import { SweepFolder } from '../sweeps/folder/sweepFolder.ts';
import { runHere } from '../sweeps/pool/runHere.ts';
import { DIVERSITY } from '../terminal/headings.ts';
import { interruptSignal } from '../terminal/interrupt.ts';
import { shellWord } from '../terminal/shellWord.ts';
import { columnsOf, explainedTable } from '../terminal/textTable.ts';
import {
  type DiversityOptions,
  type DiversityRun,
  diversityFigures,
  diversityRun,
  diversitySweep,
} from './diversity.ts';

export interface DiversityCommandOptions extends DiversityOptions {
  threads: number;
  out?: string;
  exact?: boolean;
  quiet?: boolean;
}

/**
 * `induction-lab diversity`: how varied must the data be for the circuit to form? A sweep in a folder of its own, with each
 * run a line of runs.jsonl besides.
 */
export async function diversityCommand(options: DiversityCommandOptions): Promise<void> {
  const { threads, exact = false, quiet = false } = options;
  const path = options.out ?? freshRunFolder('diversity');
  const lock = await claimFreshFolder(path);
  const { signal, dispose } = interruptSignal('Saving the runs under way; press Ctrl-C again to stop at once.');
  try {
    const sweep = await spellOut(diversitySweep(options), { file: 'diversity', exact });
    const open = beginSweep(new SweepFolder(path), sweep, 'diversity');
    const jobs = new Set(open.entries.map(({ job }) => job)).size;
    let ended = 0;
    const ran = await runHere(open, open.entries, {
      ...{ threads, quiet: true, signal },
      jobs: Math.max(1, Math.floor(availableParallelism() / threads)),
      onResult: ({ job }) => quiet || process.stderr.write(`${++ended}/${jobs}  ${runText(open, job)}\n`),
    });
    const { runs, file } = writeRuns(open);
    if (ran.done < ran.of)
      throw new CommandError(
        `${signal.aborted ? 'Stopped after' : `${ran.failed} runs failed,`} ${runs.length} of ${open.entries.length} runs${signal.aborted ? '' : ' are done'}; those are in ${file}, and npx induction-lab sweep ${shellWord(path)} does the rest.`,
        signal.aborted ? EXIT.interrupted : EXIT.failed,
      );
    writeFigures(join(path, 'figures'), diversityFigures(open));
    process.stdout.write(`${diversityText(runs).join('\n')}\n\nRuns: ${printable(file)}\n`);
  } finally {
    lock.release();
    dispose();
  }
}

/** A run in one line. */
function runText(open: OpenSweep, job: string): string {
  const entry = open.entries.find((one) => one.job === job)!;
  const { sweep, setting, seed, verdict, otherPeriodLoss } = diversityRun(open, entry);
  return `${sweep} ${setting}, seed ${seed}: ${verdict}, other periods ${otherPeriodLoss.toFixed(2)} nats`;
}

/** Writes runs.jsonl: the runs that are done, in the order of the sweep. */
function writeRuns(open: OpenSweep): { runs: DiversityRun[]; file: string } {
  const done = open.folder.done();
  const runs = open.entries.filter(({ job }) => done.has(job)).map((entry) => diversityRun(open, entry));
  const file = open.folder.file('runs.jsonl');
  writeWhole(file, runs.map((run) => `${JSON.stringify(run)}\n`).join(''));
  return { runs, file };
}

/** One row for each setting: counts of verdicts, and the range of losses and excess. */
export function diversityText(runs: readonly DiversityRun[]): string[] {
  return explainedTable(
    DIVERSITY,
    diversityRows(runs).map(({ sweep, setting, loss, excess, verdicts }) => [sweep, setting, loss, excess, verdicts]),
    { left: [4], names: 2, columns: columnsOf(process.stdout) },
  );
}

/** The cells of a setting’s row. */
export function diversityRows(
  runs: readonly DiversityRun[],
): { sweep: string; setting: string; loss: string; excess: string; verdicts: string }[] {
  const keys = [...new Set(runs.map(({ sweep, setting }) => `${sweep}\t${setting}`))];
  const range = (values: readonly number[]): string =>
    `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;
  return keys.map((key) => {
    const [sweep, setting] = key.split('\t') as [string, string];
    const chosen = runs.filter((r) => r.sweep === sweep && r.setting === setting);
    const count = new Map<Verdict, number>();
    for (const { verdict } of chosen) count.set(verdict, (count.get(verdict) ?? 0) + 1);
    return {
      sweep,
      setting,
      loss: range(chosen.map(({ otherPeriodLoss }) => otherPeriodLoss)),
      excess: range(chosen.map(({ excess }) => excess)),
      verdicts: [...count].map(([verdict, n]) => `${verdict} ${n} of ${chosen.length}`).join(', '),
    };
  });
}
