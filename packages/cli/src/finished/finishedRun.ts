// What is made of a training run when it has ended: audit, proof, dynamics, figures, analysis.json.
import type { Experiment } from '@induction-lab/core/node';
import { type AsideThread, type Listener, Stopped } from '../aside/aside.ts';
import { CommandError, EXIT } from '../errors.ts';
import type { Draw } from '../figures/drawing.ts';
import type { exampleSet } from '../figures/modelFigures.ts';
import { auditJson } from '../files/auditJson.ts';
import type { StoryName } from '../files/presetNames.ts';
import { type MeasuredFile, provenance } from '../files/provenance.ts';
import { writeJson } from '../files/wholeFiles.ts';
import { removeHalfWritten } from '../runs/outputs.ts';
import { lossPoints, type MetricsRecord, type RunFolder } from '../runs/runFolder.ts';
import { MeasuringProgress } from '../terminal/measuringProgress.ts';
import { columnsOf } from '../terminal/textTable.ts';
import type { Dynamics } from './dynamics.ts';
import type { FinishedCircuit, FinishedEffects, FinishTask, ModelAnalysis } from './finishedAnalysis.ts';
import { circuitFigures } from './finishedFigures.ts';

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
 * Analysis, dynamics and figures of a trained model, written into its run folder: two tasks, side by side where there are
 * two threads `aside`. `signal` stops them at once, with a CommandError that says so: the training itself is saved by then.
 */
export async function finishRun(
  run: Pick<FinishedRun, 'name' | 'experiment' | 'seconds'> & { folder: RunFolder; step: number },
  how: Pick<FinishTask, 'exact' | 'effort'> & {
    readonly aside: readonly [AsideThread, AsideThread?];
    readonly quiet: boolean;
    readonly signal: AbortSignal;
  },
): Promise<FinishedRun> {
  const { folder, step, ...rest } = run;
  const { exact, effort, aside, quiet, signal } = how;
  const { name, experiment } = run;
  const progress = new MeasuringProgress({ name, quiet });
  progress.start();
  const data: FinishTask = { name, folder: folder.path, step, exact, effort };
  const working: string[] = [];
  const ask = <T>(task: string, thread: AsideThread, until: AbortSignal): Promise<T> => {
    working.push(task);
    const listener: Listener = {
      // One line for both: it tells of the first that still works.
      progress: (stage, done, total) => void (task === working[0] && progress.note(stage, done, total)),
      print: () => {},
      keep: () => {},
    };
    const asked = { task, data, columns: columnsOf(process.stdout) };
    return thread.run<T>(asked, { signal: until, listener }).finally(() => {
      working.splice(working.indexOf(task), 1);
    });
  };
  let found: readonly [FinishedCircuit, FinishedEffects];
  try {
    found = await bothOf(
      [
        (until) => ask<FinishedCircuit>('finished circuit', aside[0], until),
        (until) => ask<FinishedEffects>('finished effects', aside[1] ?? aside[0], until),
      ],
      { signal, sideBySide: aside[1] !== undefined },
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
  const [{ audit, headCircuits, proof, examples, checkpoint, backend }, effects] = found;
  const { ablations, composition, paths, dynamics } = effects;
  const from = { ...provenance(backend), checkpoint };
  const rests = { ablations, headCircuits, composition, paths, proof };
  writeJson(folder.file('analysis.json'), { name, ...auditJson(audit, from), ...rests });
  const metrics = folder.readMetrics();
  return {
    ...rest,
    ...{ audit, ...rests, metrics, dynamics, examples, checkpoint },
    circuitFigures: circuitFigures(name, { ...effects, proof, experiment, points: lossPoints(metrics) }),
    folder: folder.path,
  };
}

type Ask<T> = (signal: AbortSignal) => Promise<T>;

/** What both tasks give, at once or one after the other. When one fails the other is stopped, and has ended when this throws. */
async function bothOf<A, B>(
  [first, second]: readonly [Ask<A>, Ask<B>],
  { signal, sideBySide }: { signal: AbortSignal; sideBySide: boolean },
): Promise<readonly [A, B]> {
  if (!sideBySide) return [await first(signal), await second(signal)];
  const failed = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  const stopping = <T>(task: Ask<T>): Promise<T> =>
    task(until).catch((error: unknown) => {
      failed.abort();
      throw error;
    });
  const ended = await Promise.allSettled([stopping(first), stopping(second)]);
  const [a, b] = ended;
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value];
  const reasons: unknown[] = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  throw reasons.find((reason) => !(reason instanceof Stopped)) ?? reasons[0];
}
