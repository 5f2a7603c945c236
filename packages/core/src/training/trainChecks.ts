// What `train` is given, looked at before anything is started.
import * as z from 'zod/mini';
import { checkEngine } from '../engine/checkEngine.ts';
import { ArgumentError, aFunction, checkArgument, must } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import { checkExperiment } from './checkExperiment.ts';
import type { TrainingPool } from './parallel/pool.ts';
import type { TrainingState } from './trainingState.ts';
import type { TrainOptions } from './trainLoop.ts';

/** A seed: what random streams can be named by. */
export const Seed: z.ZodMiniNumber = z.int().check(z.minimum(0));

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isStep = (step: unknown): boolean => Number.isSafeInteger(step) && (step as number) >= 0;

const Options = z.strictObject({
  engine: z.unknown(),
  experiment: z.unknown(),
  seed: Seed,
  threads: z.int().check(z.minimum(1)),
  startPool: must('be startWorkers() or startInline()', (start) => typeof start === 'function'),
  data: z.optional(z.unknown()),
  observer: z.optional(must('be an object with onStep or onPause', (o) => isObject(o) && !Array.isArray(o))),
  pauseAt: z.optional(
    must(
      'be an array of steps, or a function that names the next one',
      (pauses) => typeof pauses === 'function' || (Array.isArray(pauses) && Array.from(pauses).every(isStep)),
    ),
  ),
  resume: z.optional(z.unknown()),
  signal: z.optional(
    must(
      'be an AbortSignal (the `signal` of an AbortController)',
      (s) => isObject(s) && typeof (s as AbortSignal).aborted === 'boolean' && 'addEventListener' in s,
    ),
  ),
});

const Observer = z.strictObject({ onStep: z.optional(aFunction), onPause: z.optional(aFunction) });

/** Throws an ArgumentError that names the first option that cannot be meant, and what is right. */
export function checkTrainOptions(options: TrainOptions): void {
  const { engine, startPool, observer } = (options ?? {}) as Partial<TrainOptions>;
  if (isObject(options)) {
    checkEngine(engine, 'train');
    checkStartPool(startPool);
  }
  checkArgument('train', 'options', Options, options);
  if (observer !== undefined) {
    // An instance of a class may hold more than what training calls; a plain object that does has a name wrong.
    const { onStep, onPause } = observer;
    const plain = [Object.prototype, null].includes(Object.getPrototypeOf(observer) as object | null);
    const asked = plain ? observer : { onStep, onPause };
    checkArgument('train', 'options.observer', Observer, asked);
  }
  checkExperiment(options.experiment, 'train');
  if (options.resume !== undefined) checkState(options.resume, options);
}

function checkStartPool(startPool: unknown): void {
  if (!isObject(startPool) || typeof (startPool as Partial<Promise<unknown>>).then !== 'function') return;
  Promise.resolve(startPool).catch(() => {}); // this sentence tells of it
  throw new ArgumentError(
    'train: startPool is a promise; give what starts a pool, `startPool: startWorkers()`, without starting it.',
  );
}

/** Throws an ArgumentError unless this is what `startPool` is to give. */
export function checkPool(pool: unknown): asserts pool is TrainingPool {
  const { threads, run, requestStop, read, close } = (pool ?? {}) as Partial<TrainingPool>;
  if (!Number.isInteger(threads) || [run, requestStop, read, close].some((method) => typeof method !== 'function'))
    throw new ArgumentError(
      `train: startPool gave ${quoted(pool)} instead of a pool; use startWorkers() or startInline().`,
    );
}

const StateSchema = z.strictObject({
  step: z.int().check(z.minimum(0)),
  seed: Seed,
  weights: z.unknown(),
  m: z.unknown(),
  v: z.unknown(),
});

function checkState(state: TrainingState, { seed, experiment }: TrainOptions): void {
  checkArgument('train', 'resume', StateSchema, state);
  if (state.seed !== seed)
    throw new Error(`train: the saved run has seed ${state.seed}, not ${seed}; resume with its own.`);
  const { steps } = experiment.training;
  if (state.step > steps)
    throw new Error(
      `train: the saved run has done ${state.step} steps, this experiment ends after ${steps}; raise its steps.`,
    );
}

/** What `pauseAt` has answered. Throws an ArgumentError unless it is a step, or Infinity for none. */
export function checkNextPause(next: unknown): number {
  if (typeof next !== 'number' || !(Number.isInteger(next) || Math.abs(next) === Number.POSITIVE_INFINITY))
    throw new ArgumentError(`train: pauseAt must name a step, or Infinity for none, got ${quoted(next)}.`);
  return next;
}

/** Throws an ArgumentError when an observer's onStep is async: nobody would wait for it, or hear that it failed. */
export function refusePromise(answer: unknown): void {
  if (!isObject(answer) || typeof (answer as Partial<Promise<unknown>>).then !== 'function') return;
  Promise.resolve(answer).catch(() => {}); // this sentence tells of it
  throw new ArgumentError(
    'train: observer.onStep returned a promise, and training does not wait between steps; do what takes time in onPause.',
  );
}

/** Throws an Error unless a pool came to a step of those that it was to run. */
export function checkReached(step: unknown, { from, target }: { from: number; target: number }): void {
  if (!(Number.isInteger(step) && (step as number) > from && (step as number) <= target))
    throw new Error(
      `train: the pool was to run steps ${from + 1} to ${target} and says that it came to ${quoted(step)}; use startWorkers() or startInline().`,
    );
}
