// Does one job: trains, pausing where its measurements ask for it, and measures. Knows nothing of who wants it done.
import {
  loadData,
  loadEngine,
  Model,
  measureCheckpoint,
  type Pause,
  startInline,
  startWorkers,
  type TrainingData,
  train,
} from '@induction-lab/core/node';
import { badInput } from '../../errors.ts';
import { Pauses } from '../../runs/pauses.ts';
import { forgetHalfDone, type HalfDone, readHalfDone, saveHalfDone } from './halfDone.ts';
import { History } from './history.ts';
import type { Job } from './job.ts';
import { type JobResult, jobResult } from './jobResult.ts';
import { measureRun } from './measureRun.ts';

export interface RunJobOptions {
  /** Where its state is kept while it is half done. */
  readonly half: string;
  /** Training threads; the result does not depend on it. */
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onStep?: (step: number) => void;
}

/** Milliseconds between saved states: what a killed process loses at most. Most jobs are over sooner. */
const SAVE_EVERY = 30_000;

/** Sequences that a checkpoint is measured on, as in the analysis of a run. */
const CHECKPOINT_SEQUENCES = 12;

/**
 * Trains and measures; null where the signal stopped it, with its state saved. Goes on from what was saved before. Rejects
 * with what `train` and the measurements throw.
 */
export async function runJob(job: Job, options: RunJobOptions): Promise<JobResult | null> {
  const started = performance.now();
  const { experiment, seed, measure, backend } = job;
  const { half, threads, signal } = options;
  const engine = await loadEngine({ exact: backend === 'simd', shared: threads > 1 });
  if (engine.backend !== backend)
    throw badInput(
      `The sweep asks for the ${backend} build of the kernels, which this Node (${process.version}) does not run; plan it with --exact.`,
    );
  const { steps } = experiment.training;
  const saved = readHalfDone(half, { seed, steps });
  const history = saved?.history ?? new History();
  const watched = measure.dynamics || measure.phaseChange;
  const pauses = new Pauses(steps, { checkpointEvery: 0, scoresEvery: 0 });
  const keeper = new Keeper(half, history, saved);
  const outcome = await train({
    engine,
    experiment,
    seed,
    threads,
    ...(job.data ? { data: await dataOf(job) } : {}),
    startPool: threads > 1 ? startWorkers() : startInline(),
    pauseAt: (step) => Math.min(watched ? pauses.after(step) : steps, step + keeper.stepsUntilSaved(step)),
    signal,
    ...(saved ? { resume: saved.state } : {}),
    observer: {
      onStep: (record) => {
        history.add(record);
        options.onStep?.(record.step);
      },
      onPause: (pause) => {
        const measured = history.points.at(-1)?.step === pause.step;
        if (watched && !measured && pauses.isKept(pause.step)) history.points.push(pointAt(pause));
        keeper.look(pause, signal.aborted || pause.step === steps);
      },
    },
  });
  if (outcome.status === 'stopped' || signal.aborted) return null;
  const model = new Model(engine, experiment.model);
  model.setWeights(outcome.weights);
  const measured = measureRun(model, job, { history, weights: outcome.weights });
  forgetHalfDone(half);
  return jobResult(job, measured, { seconds: (performance.now() - started) / 1000 });

  function pointAt(pause: Pause): History['points'][number] {
    const looked = new Model(engine, experiment.model);
    looked.setWeights(pause.weights());
    return measureCheckpoint(looked, { step: pause.step, sequences: CHECKPOINT_SEQUENCES });
  }
}

/** Saves the state of a job now and then, by the clock. */
class Keeper {
  private readonly half: string;
  private readonly history: History;
  private readonly from: number;
  private readonly begun = performance.now();
  private savedAt = performance.now();

  constructor(half: string, history: History, saved: HalfDone | null) {
    this.half = half;
    this.history = history;
    this.from = saved?.state.step ?? 0;
  }

  /** Steps that fit until a state is to be saved, by the speed so far; a few at first, to learn it. */
  stepsUntilSaved(step: number): number {
    const perStep = (performance.now() - this.begun) / Math.max(1, step - this.from);
    const left = this.savedAt + SAVE_EVERY - performance.now();
    return step === this.from ? 20 : Math.max(20, Math.ceil(left / perStep));
  }

  look(pause: Pause, must: boolean): void {
    if (pause.step === this.from) return;
    if (!must && performance.now() - this.savedAt < SAVE_EVERY) return;
    saveHalfDone(this.half, { state: pause.state(), history: this.history });
    this.savedAt = performance.now();
  }
}

async function dataOf({ data, experiment }: Job): Promise<TrainingData> {
  const { path, sha256, dtype } = data!;
  const loaded = await loadData(path, { experiment, ...(dtype ? { dtype } : {}) });
  if (loaded.origin.sha256 !== sha256)
    throw badInput(
      `${path} is not the file that the sweep was planned with (SHA-256 ${sha256.slice(0, 12)}…); put it back.`,
    );
  return loaded;
}
