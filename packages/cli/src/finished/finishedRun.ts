// What is made of a training run when it has ended: audit, proof, dynamics, figures, analysis.json.
import type { Experiment } from '@induction-lab/core/node';
import { runAside, Stopped } from '../aside/aside.ts';
import { CommandError, EXIT } from '../errors.ts';
import type { Draw } from '../figures/drawing.ts';
import type { exampleSet } from '../figures/modelFigures.ts';
import type { StoryName } from '../files/presetNames.ts';
import type { MeasuredFile } from '../files/provenance.ts';
import { removeHalfWritten } from '../runs/outputs.ts';
import { lossPoints, type MetricsRecord, type RunFolder } from '../runs/runFolder.ts';
import { MeasuringProgress } from '../terminal/measuringProgress.ts';
import { columnsOf } from '../terminal/textTable.ts';
import type { Dynamics } from './dynamics.ts';
import type { FinishedAnalysis, FinishTask, ModelAnalysis } from './finishedAnalysis.ts';
import { finishedFigures } from './finishedFigures.ts';

/** A training of the story, as the report tells it. */
export interface FinishedRun extends ModelAnalysis {
  readonly name: StoryName;
  readonly experiment: Experiment;
  readonly metrics: readonly MetricsRecord[];
  readonly dynamics: Dynamics;
  /** Figures of heads, circuits and training, by name. */
  readonly circuitFigures: Readonly<Record<string, Draw>>;
  readonly examples: ReturnType<typeof exampleSet>;
  readonly seconds: number;
  readonly folder: string;
  /** The checkpoint that was analysed. */
  readonly checkpoint: MeasuredFile;
}

/**
 * Analysis, dynamics and figures of a trained model, written into its run folder. `signal` stops it at once, with a
 * CommandError that says so: the training itself is saved by then.
 */
export async function finishRun(
  run: Pick<FinishedRun, 'name' | 'experiment' | 'seconds'> & { folder: RunFolder; step: number },
  how: Pick<FinishTask, 'exact' | 'effort'> & { quiet: boolean; signal: AbortSignal },
): Promise<FinishedRun> {
  const { folder, step, ...rest } = run;
  const { exact, effort, quiet, signal } = how;
  const { name, experiment } = run;
  const progress = new MeasuringProgress({ name, quiet });
  progress.start();
  const data: FinishTask = { name, folder: folder.path, step, exact, effort };
  let finished: FinishedAnalysis;
  try {
    finished = await runAside(
      { task: 'finish', data, columns: columnsOf(process.stdout) },
      {
        signal,
        listener: {
          progress: (stage, done, total) => progress.note(stage, done, total),
          print: () => {},
          keep: () => {},
        },
      },
    );
  } catch (error) {
    for (const place of [folder.path, folder.file('figures')]) removeHalfWritten(place);
    if (!(error instanceof Stopped)) throw error;
    throw new CommandError(
      `Stopped while "${name}" was being analysed; it is trained, and its checkpoints are in ${folder.path}.`,
      EXIT.interrupted,
    );
  } finally {
    progress.end();
  }
  const { analysis, dynamics, examples, checkpoint } = finished;
  const metrics = folder.readMetrics();
  const figures = finishedFigures({ ...finished, name, experiment, points: lossPoints(metrics) });
  return {
    ...rest,
    ...analysis,
    metrics,
    dynamics,
    circuitFigures: figures.circuits,
    examples,
    folder: folder.path,
    checkpoint,
  };
}
