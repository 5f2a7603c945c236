// `induction-lab run`: the experiment end to end. Four models train, are scored and audited; figures and a report follow.
import { join } from 'node:path';
import { type Experiment, finalLosses, loadEngine, printable, withSteps } from '@induction-lab/core/node';
import { CommandError, EXIT } from '../errors.ts';
import { auditJson } from '../files/auditJson.ts';
import { loadPreset, PRESETS, type PresetName } from '../files/presets.ts';
import { provenance, SCHEMA_VERSION } from '../files/provenance.ts';
import { writeJson, writeWhole } from '../files/wholeFiles.ts';
import { type FinishedRun, finishRun } from '../finished/finishedRun.ts';
import { claimFreshFolder, freshRunFolder } from '../runs/freshFolder.ts';
import { resumeHint } from '../runs/resumeRun.ts';
import { lossPoints, RunFolder } from '../runs/runFolder.ts';
import { trainIntoFolder, USUAL_OPTIONS } from '../runs/trainRun.ts';
import { RUN } from '../terminal/headings.ts';
import { interruptSignal } from '../terminal/interrupt.ts';
import { columnsOf, explainedTable, plainNumber } from '../terminal/textTable.ts';

export interface RunCommandOptions {
  seed: number;
  quick?: boolean;
  out?: string;
  threads: number;
  exact?: boolean;
  quiet?: boolean;
  csv?: boolean;
  /** Experiments in place of the presets, as they are: for tests. */
  experiments?: Readonly<Record<PresetName, Experiment>>;
}

/** Steps of each preset under --quick. */
const QUICK: Record<PresetName, number> = { literal: 500, 'literal-1-layer': 500, varied: 800, 'two-heads': 600 };

const presetExperiment = (name: PresetName, quick: boolean): Experiment =>
  quick ? withSteps(loadPreset(name), QUICK[name]) : loadPreset(name);

export async function runCommand(options: RunCommandOptions): Promise<void> {
  const { seed, threads, quick = false, quiet = false, csv = false } = options;
  const folder = options.out ?? freshRunFolder('experiment');
  const held: { release(): void }[] = [await claimFreshFolder(folder)];
  const engine = await loadEngine({ exact: options.exact ?? false });
  const { signal, dispose } = interruptSignal();
  const started = performance.now();
  const say = (text: string): void => {
    if (!quiet) process.stderr.write(`${text}\n`);
  };
  say(
    `induction-lab: four models, seed ${seed}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${engine.backend} kernels, into ${printable(folder)}`,
  );
  const runs: FinishedRun[] = [];
  let threadsUsed = threads;
  try {
    for (const name of PRESETS) {
      const experiment = options.experiments?.[name] ?? presetExperiment(name, quick);
      const runFolder = await RunFolder.claim(join(folder, name));
      held.push(runFolder);
      const result = await trainIntoFolder({
        ...USUAL_OPTIONS,
        engine,
        experiment,
        seed,
        threads,
        folder: runFolder,
        quiet,
        json: false,
        csv,
        signal,
      });
      if (result.status === 'stopped')
        throw new CommandError(
          `Stopped in "${name}" after step ${result.step} of ${experiment.training.steps}; finished runs and this one are in ${folder}. Go on with this model: ${resumeHint(runFolder.path)}`,
          EXIT.interrupted,
        );
      threadsUsed = result.threads;
      const run = await finishRun(
        { name, experiment, seconds: result.seconds, folder: result.folder, step: result.step },
        { exact: options.exact ?? false, effort: quick ? 'quick' : 'full', quiet, signal },
      );
      say(`  ${name}: ${run.audit.verdict} (trained in ${result.seconds.toFixed(0)} s)`);
      runs.push(run);
    }
    const { reportPage } = await import('../report/page.ts');
    writeJson(join(folder, 'analysis.json'), {
      ...provenance(engine.backend),
      seed,
      runs: runs.map((r) => ({
        name: r.name,
        schemaVersion: SCHEMA_VERSION,
        checkpoint: r.checkpoint,
        ...auditJson(r.audit),
      })),
    });
    const report = join(folder, 'report.html');
    writeWhole(
      report,
      reportPage({
        runs,
        seed,
        quick,
        backend: engine.backend,
        threads: threadsUsed,
        seconds: (performance.now() - started) / 1000,
      }),
    );
    process.stdout.write(`${summary(runs)}\nReport: ${printable(report)} (open it in a browser)\n`);
  } finally {
    for (const folder of held) folder.release();
    dispose();
  }
}

function summary(runs: readonly FinishedRun[]): string {
  const rows = runs.map(({ name, metrics, audit: record }) => {
    const last = finalLosses(lossPoints(metrics));
    return [
      name,
      plainNumber(last.first ?? null),
      plainNumber(last.repeat ?? null, 3),
      plainNumber(record.evidence.otherPeriodLoss),
      record.verdict,
    ];
  });
  return explainedTable(RUN, rows, { left: [4], columns: columnsOf(process.stdout) }).join('\n');
}
