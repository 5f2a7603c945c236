// The training loop: emits records to an observer and touches neither disk nor page. It pauses where the observer wants
// to look at the weights; while it pauses nothing trains.
import type { Engine } from '../engine/engine.ts';
import type { Arena } from '../engine/tensor.ts';
import { type NamedWeights, namedCopies, Parameters } from '../model/parameters.ts';
import { Clamps } from './clamps.ts';
import type { Experiment } from './experiment.ts';
import { initialize } from './initialize.ts';
import type { StepLosses } from './parallel/participant.ts';
import { planTraining, type TrainingPlan } from './parallel/plan.ts';
import type { StartCrew } from './parallel/threads.ts';
import {
  checkCrew,
  checkNextPause,
  checkReached,
  checkSaved,
  checkTrainOptions,
  refusePromise,
} from './trainChecks.ts';

/** What is known after each step. */
export interface StepRecord extends StepLosses {
  /** Tokens trained on per second, measured from the record before. */
  readonly tokensPerSecond: number;
}

/** Everything needed to go on later with the same bits: weights and AdamW's moments after `step` steps. */
export interface TrainingState {
  readonly step: number;
  readonly seed: number;
  readonly weights: NamedWeights;
  readonly m: NamedWeights;
  readonly v: NamedWeights;
}

/** A run at rest. */
export interface Pause {
  readonly step: number;
  /** Copies of the weights by name. */
  weights(): NamedWeights;
  /** Copies of everything that a later run needs to go on. */
  state(): TrainingState;
}

export interface TrainingObserver {
  onStep?(record: StepRecord): void;
  /** Called before the first step, after each step of `pauseAt`, and at the end, stopped or not. Training waits for it. */
  onPause?(pause: Pause): Promise<void> | void;
}

export interface TrainOptions {
  readonly engine: Engine;
  readonly experiment: Experiment;
  readonly seed: number;
  /**
   * Threads to share the batch among, at most; the result does not depend on it. There are never more than `startCrew`
   * starts (startInline: 1), nor than there is work for; the outcome says how many took part.
   */
  readonly threads: number;
  readonly startCrew: StartCrew;
  readonly observer?: TrainingObserver;
  /** Steps after which `onPause` is called, besides the first and last; or what names the next one, given the step done. */
  readonly pauseAt?: readonly number[] | ((step: number) => number);
  /** Continue from here instead of from initial weights. */
  readonly resume?: TrainingState;
  /** When it aborts, the run finishes its step and ends. */
  readonly signal?: AbortSignal;
}

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
  readonly step: number;
  readonly seed: number;
  constructor(step: number, seed: number) {
    super(
      `The loss is not a finite number at step ${step} with seed ${seed}; lower the learning rate or clip the gradient.`,
    );
    this.step = step;
    this.seed = seed;
  }
}

/**
 * Trains to the experiment's last step, or until `signal` aborts. Rejects with an ArgumentError for an option that cannot be
 * meant, a NonFiniteLossError, whatever the observer throws, and an Error when a thread dies.
 */
export async function train(options: TrainOptions): Promise<TrainingOutcome> {
  checkTrainOptions(options);
  const { engine, experiment, seed, resume, signal, observer = {}, startCrew } = options;
  const threads = Math.min(options.threads, startCrew.mostThreads ?? Number.POSITIVE_INFINITY);
  const { plan, arena, weights } = planTraining(engine, { experiment, seed, threads });
  const moments = momentTensors(experiment, arena, plan);
  if (resume) {
    checkSaved(resume, weights, arena.floatBytes);
    restore(resume, { weights, ...moments });
  } else initialize(experiment.model, weights, { seed, std: experiment.training.initStd });
  new Clamps(experiment.model, weights, experiment.training.clamps).hold(resume?.step ?? 0);
  const { steps, batch } = experiment.training;
  const pause = (step: number): Pause => ({
    step,
    weights: () => namedCopies(weights),
    state: () => ({ step, seed, weights: namedCopies(weights), m: namedCopies(moments.m), v: namedCopies(moments.v) }),
  });

  // Threads take a while to start; the first pause passes in the meantime.
  const starting = (async () => startCrew(engine, plan))();
  starting.catch(() => {}); // reported where it is awaited
  let stop = (): void => {};
  try {
    let step = resume?.step ?? 0;
    await observer.onPause?.(pause(step));
    const crew = await starting;
    checkCrew(crew);
    stop = () => crew.requestStop();
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
    const tokens = batch * experiment.model.nCtx;
    let failed = 0;
    let broken: { error: unknown } | null = null;
    while (step < steps && !signal?.aborted) {
      const from = step;
      const target = Math.min(steps, nextPause(options.pauseAt ?? [], from));
      let since = performance.now();
      step = await crew.run(step + 1, target, (losses) => {
        if (broken) return;
        if (!Number.isFinite(losses.loss)) {
          failed = losses.step;
          return;
        }
        const now = performance.now();
        try {
          const answer: unknown = observer.onStep?.({
            ...losses,
            tokensPerSecond: (1000 * tokens) / Math.max(now - since, 1e-3),
          });
          refusePromise(answer);
        } catch (error) {
          broken = { error }; // between messages of the threads nobody could catch it
          crew.requestStop();
        }
        since = now;
      });
      if (broken) throw (broken as { error: unknown }).error;
      checkReached(step, { from, target });
      if (failed > 0) throw new NonFiniteLossError(failed, seed);
      await observer.onPause?.(pause(step));
    }
    return { status: step >= steps ? 'done' : 'stopped', step, threads: plan.threads, weights: namedCopies(weights) };
  } finally {
    signal?.removeEventListener('abort', stop);
    await (await starting.catch(() => null))?.close?.();
  }
}

/** The first step after `from` at which to pause. A function that names none goes on for one step. */
function nextPause(pauseAt: NonNullable<TrainOptions['pauseAt']>, from: number): number {
  if (typeof pauseAt === 'function') return Math.max(from + 1, checkNextPause(pauseAt(from)));
  return pauseAt.reduce((next, p) => (p > from && p < next ? p : next), Number.POSITIVE_INFINITY);
}

function momentTensors(experiment: Experiment, arena: Arena, plan: TrainingPlan): { m: Parameters; v: Parameters } {
  return { m: Parameters.over(experiment.model, arena, plan.m), v: Parameters.over(experiment.model, arena, plan.v) };
}

function restore(state: TrainingState, into: { weights: Parameters; m: Parameters; v: Parameters }): void {
  for (const part of ['weights', 'm', 'v'] as const)
    for (const tensor of into[part].all) tensor.set((state[part][tensor.name] as NamedWeights[string]).data);
  into.weights.changed();
}
