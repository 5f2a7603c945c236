// The training loop: emits records to an observer and touches neither disk nor page. It pauses where the observer wants
// to look at the weights; while it pauses nothing trains.
import type { Engine } from '../engine/engine.ts';
import { ArgumentError } from '../errors/argumentError.ts';
import type { NamedWeights } from '../model/parameters.ts';
import type { RunData, TrainingData } from './data/trainingData.ts';
import type { Experiment } from './experiment.ts';
import type { PoolReading, StartPool, TrainingPool } from './parallel/pool.ts';
import type { StepLosses } from './stepLosses.ts';
import { checkNextPause, checkPool, checkReached, checkTrainOptions, refusePromise } from './trainChecks.ts';
import type { TrainingState } from './trainingState.ts';

/** What is known after each step. */
export interface StepRecord extends StepLosses {
  /** Tokens trained on per second, measured from the record before. */
  readonly tokensPerSecond: number;
}

/** A run at rest. */
export interface Pause {
  /** Steps done. */
  readonly step: number;
  /** Copies of the weights by name. */
  weights(): NamedWeights;
  /** Copies of everything that a later run needs to go on. */
  state(): TrainingState;
}

/** Who is told of a training while it runs. */
export interface TrainingObserver {
  /** Called after each step. */
  onStep?(record: StepRecord): void;
  /**
   * Called before the first step, after each step of `pauseAt`, and at the end, stopped or not. Training waits for it.
   * @returns A promise where training is to wait for it.
   */
  onPause?(pause: Pause): Promise<void> | void;
}

/** What is trained, on what, and who is told. */
export interface TrainOptions {
  readonly engine: Engine;
  readonly experiment: Experiment;
  /** The seed of initial weights and of all sequences. */
  readonly seed: number;
  /**
   * Threads to share the batch among, at most; the result does not depend on it. There are never more than `startPool`
   * starts (startInline: 1), nor than there is work for; the outcome says how many took part.
   */
  readonly threads: number;
  readonly startPool: StartPool;
  /** What to train on where the experiment's task is `data`: sequences of tokens, a module, or what `loadData` gives. */
  readonly data?: TrainingData;
  readonly observer?: TrainingObserver;
  /** Steps after which `onPause` is called, besides the first and last; or what names the next one, given the step done. */
  readonly pauseAt?: readonly number[] | ((step: number) => number);
  /** Continue from here instead of from initial weights. */
  readonly resume?: TrainingState;
  /** When it aborts, the run finishes its step and ends. */
  readonly signal?: AbortSignal;
}

/** How a training ended. */
export interface TrainingOutcome {
  readonly status: 'done' | 'stopped';
  /** Steps done. */
  readonly step: number;
  /** Threads that took part. */
  readonly threads: number;
  readonly weights: NamedWeights;
}

/** Raised when the loss stops being a number. The weights of the step before are untouched but of little use. */
export class NonFiniteLossError extends Error {
  /** The step at which the loss was not finite. */
  readonly step: number;
  /** The seed of the run. */
  readonly seed: number;
  /**
   * @param step The step at which it happened.
   * @param seed The seed of the run.
   */
  constructor(step: number, seed: number) {
    super(
      `The loss is not a finite number at step ${step} with seed ${seed}; lower the learning rate or clip the gradient.`,
    );
    this.step = step;
    this.seed = seed;
  }
}

/**
 * `train` on the sequences of the experiment's task and never on data: a bundler leaves out what reads data. Rejects with an
 * ArgumentError where data is given or asked for.
 */
export async function trainOnTask(options: Omit<TrainOptions, 'data'>): Promise<TrainingOutcome> {
  checkTrainOptions(options);
  if ((options as TrainOptions).data !== undefined || options.experiment.task.kind === 'data')
    throw new ArgumentError('trainOnTask: takes no data, and no experiment whose task is "data"; use train.');
  return trainOn(undefined, options);
}

/** Trains on data that was looked at, or on the task; the options have been checked. */
export async function trainOn(data: RunData | undefined, options: TrainOptions): Promise<TrainingOutcome> {
  const { engine, experiment, seed, threads, startPool, resume } = options;
  const pool = await startPool({
    ...{ engine, experiment, seed, threads },
    ...(data ? { data } : {}),
    ...(resume ? { resume } : {}),
  });
  checkPool(pool);
  try {
    return await runTo(pool, options);
  } finally {
    await pool.close();
  }
}

/** Steps and pauses until the last step, or until the signal aborts. */
async function runTo(pool: TrainingPool, options: TrainOptions): Promise<TrainingOutcome> {
  const { experiment, seed, signal, observer = {} } = options;
  const { steps } = experiment.training;
  const pauseAfter = async (step: number): Promise<void> => {
    if (observer.onPause) await observer.onPause(pauseOf(await pool.read(), { step, seed }));
  };
  const stop = (): void => pool.requestStop();
  let step = options.resume?.step ?? 0;
  try {
    await pauseAfter(step);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
    while (step < steps && !signal?.aborted) {
      step = await runSome(pool, options, step);
      await pauseAfter(step);
    }
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  const weights = (await pool.read()).weights();
  return { status: step >= steps ? 'done' : 'stopped', step, threads: pool.threads, weights };
}

const pauseOf = (reading: PoolReading, { step, seed }: { step: number; seed: number }): Pause => ({
  step,
  weights: () => reading.weights(),
  state: () => ({ step, seed, weights: reading.weights(), ...reading.moments() }),
});

/** Runs the steps from one pause to the next; returns the last one done. */
async function runSome(pool: TrainingPool, options: TrainOptions, from: number): Promise<number> {
  const { experiment, seed, observer = {} } = options;
  const { steps, batch } = experiment.training;
  const target = Math.min(steps, nextPause(options.pauseAt ?? [], from));
  const tokens = batch * experiment.model.nCtx;
  let since = performance.now();
  let failed = 0;
  let broken: { error: unknown } | null = null;
  const step = await pool.run(from + 1, target, (losses) => {
    if (broken) return;
    if (!Number.isFinite(losses.loss)) {
      failed = losses.step;
      return;
    }
    const now = performance.now();
    const tokensPerSecond = (1000 * tokens) / Math.max(now - since, 1e-3);
    try {
      const answer: unknown = observer.onStep?.({ ...losses, tokensPerSecond });
      refusePromise(answer);
    } catch (error) {
      broken = { error }; // between messages of the threads nobody could catch it
      pool.requestStop();
    }
    since = now;
  });
  if (broken) throw (broken as { error: unknown }).error;
  checkReached(step, { from, target });
  if (failed > 0) throw new NonFiniteLossError(failed, seed);
  return step;
}

/** The first step after `from` at which to pause. A function that names none goes on for one step. */
function nextPause(pauseAt: NonNullable<TrainOptions['pauseAt']>, from: number): number {
  if (typeof pauseAt === 'function') return Math.max(from + 1, checkNextPause(pauseAt(from)));
  return pauseAt.reduce((next, p) => (p > from && p < next ? p : next), Number.POSITIVE_INFINITY);
}
