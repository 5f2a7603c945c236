// `induction-lab run`: the story end to end. Five models train, are scored and audited; figures and a report follow.
import { join } from 'node:path';
import { printable } from '@induction-lab/core/internal/printable';
import { type Experiment, finalLosses, loadEngine, withMlp, withSteps } from '@induction-lab/core/node';
import { AsideThread } from '../aside/aside.ts';
import { CommandError, EXIT } from '../errors.ts';
import { auditJson } from '../files/auditJson.ts';
import { STORY, type StoryName } from '../files/presetNames.ts';
import { loadPreset } from '../files/presets.ts';
import { provenance, SCHEMA_VERSION } from '../files/provenance.ts';
import { writeJson, writeWhole } from '../files/wholeFiles.ts';
import { type FinishedRun, finishRun } from '../finished/finishedRun.ts';
import { ACTS, taught } from '../report/story.ts';
import { claimFreshFolder, freshRunFolder } from '../runs/freshFolder.ts';
import { type AskedGpu, checkGpu, chooseGpu } from '../runs/gpuChoice.ts';
import { resumeHint } from '../runs/resumeRun.ts';
import { lossPoints, RunFolder } from '../runs/runFolder.ts';
import { trainIntoFolder, USUAL_OPTIONS } from '../runs/trainRun.ts';
import { RUN } from '../terminal/headings.ts';
import { interruptSignal } from '../terminal/interrupt.ts';
import { columnsOf, explainedTable, plainNumber } from '../terminal/textTable.ts';

export interface RunCommandOptions {
  seed: number;
  quick?: boolean;
  mlp?: number;
  out?: string;
  threads: number;
  exact?: boolean;
  gpu?: AskedGpu;
  quiet?: boolean;
  csv?: boolean;
  /** Experiments in place of the presets, as they are: for tests. */
  experiments?: Readonly<Record<StoryName, Experiment>>;
}

/** A preset with the steps that the story gives it, and the MLPs that were asked for. */
export function storyExperiment(
  name: StoryName,
  { quick = false, mlp }: Pick<RunCommandOptions, 'quick' | 'mlp'>,
): Experiment {
  const { steps } = ACTS[name];
  const wanted = quick ? steps.quick : steps.full;
  const preset = mlp === undefined ? loadPreset(name) : withMlp(loadPreset(name), mlp);
  return wanted === undefined ? preset : withSteps(preset, wanted);
}

export async function runCommand(options: RunCommandOptions): Promise<void> {
  const { seed, threads, quick = false, quiet = false, csv = false } = options;
  checkGpu(options);
  const folder = options.out ?? freshRunFolder('experiment');
  const held: { release(): void }[] = [await claimFreshFolder(folder)];
  const engine = await loadEngine({ exact: options.exact ?? false });
  const { signal, dispose } = interruptSignal();
  const started = performance.now();
  const say = (text: string): void => {
    if (!quiet) process.stderr.write(`${text}\n`);
  };
  say(
    `induction-lab: five models, seed ${seed}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${engine.backend} kernels, into ${printable(folder)}`,
  );
  const runs: FinishedRun[] = [];
  const aside: [AsideThread, AsideThread?] = threads > 1 ? [new AsideThread(), new AsideThread()] : [new AsideThread()];
  let threadsUsed = threads;
  let trainedOn: string | null = null;
  try {
    for (const name of STORY) {
      const experiment = options.experiments?.[name] ?? storyExperiment(name, options);
      const runFolder = await RunFolder.claim(join(folder, name));
      held.push(runFolder);
      const chosen = await chooseGpu(options.gpu, { engine, experiment });
      const result = await trainIntoFolder({
        ...USUAL_OPTIONS,
        engine,
        experiment,
        seed,
        threads,
        ...(options.gpu === undefined ? {} : { gpu: options.gpu, chosen }),
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
      trainedOn = chosen?.info.adapter ?? trainedOn;
      const run = await finishRun(
        { name, experiment, seconds: result.seconds, folder: result.folder, step: result.step },
        { exact: options.exact ?? false, effort: quick ? 'quick' : 'full', aside, quiet, signal },
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
        gpu: trainedOn,
        seconds: (performance.now() - started) / 1000,
      }),
    );
    process.stdout.write(`${summary(runs)}\nReport: ${printable(report)} (open it in a browser)\n`);
  } finally {
    for (const thread of aside) thread?.end();
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
  const columns = columnsOf(process.stdout);
  const lessons = runs.map(({ name, audit }) => `${name}: ${taught(name, audit.verdict)}`);
  return [...explainedTable(RUN, rows, { left: [4], columns }), '', ...lessons].join('\n');
}
