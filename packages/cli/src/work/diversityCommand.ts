import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { printable } from '@induction-lab/core/internal/printable';
import { type Experiment, guessingLoss, loadEngine, type Verdict } from '@induction-lab/core/node';
import { CommandError, EXIT } from '../errors.ts';
import { writeFigures } from '../figures/drawing.ts';
import { loadPreset } from '../files/presets.ts';
import { claimFreshFolder, freshRunFolder } from '../runs/freshFolder.ts';
import { DIVERSITY } from '../terminal/headings.ts';
import { interruptSignal } from '../terminal/interrupt.ts';
import { columnsOf, explainedTable } from '../terminal/textTable.ts';
import { DIVERSITY_SETTINGS, type DiversityRun, diversityFigures, diversityRun } from './diversity.ts';

export interface DiversityCommandOptions {
  seeds: number;
  steps: number;
  sweep?: 'width' | 'share';
  threads: number;
  out?: string;
  exact?: boolean;
  quiet?: boolean;
  /** What is trained in place of the preset `varied`: for tests. */
  experiment?: Experiment;
}

/** `induction-lab diversity`: how varied must the data be for the circuit to form? Each run a line of runs.jsonl. */
export async function diversityCommand(options: DiversityCommandOptions): Promise<void> {
  const { seeds, steps, sweep, threads, quiet = false, experiment = loadPreset('varied') } = options;
  const settings = DIVERSITY_SETTINGS.filter((setting) => sweep === undefined || setting.sweep === sweep);
  const folder = options.out ?? freshRunFolder('diversity');
  const lock = await claimFreshFolder(folder);
  const engine = await loadEngine({ exact: options.exact ?? false });
  const { signal, dispose } = interruptSignal();
  const file = join(folder, 'runs.jsonl');
  const runs: DiversityRun[] = [];
  try {
    for (const setting of settings)
      for (let seed = 1; seed <= seeds; seed++) {
        const run = await diversityRun(engine, setting, { experiment, seed, steps, threads, signal });
        if (!run)
          throw new CommandError(
            `Stopped after ${runs.length} of ${settings.length * seeds} runs; those are in ${file}.`,
            EXIT.interrupted,
          );
        runs.push(run);
        lock.check();
        try {
          appendFileSync(file, `${JSON.stringify(run)}\n`);
        } catch (error) {
          throw Object.assign(error as Error, { path: file });
        }
        if (!quiet)
          process.stderr.write(
            `${runs.length}/${settings.length * seeds}  ${run.sweep} ${run.setting}, seed ${seed}: ${run.verdict}, other periods ${run.otherPeriodLoss.toFixed(2)} nats\n`,
          );
      }
    writeFigures(join(folder, 'figures'), diversityFigures(runs, guessingLoss(experiment.model)));
    process.stdout.write(`${diversityText(runs).join('\n')}\n\nRuns: ${printable(file)}\n`);
  } finally {
    lock.release();
    dispose();
  }
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
