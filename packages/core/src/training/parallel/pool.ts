// Where training enters an engine: whoever carries out the steps of a run. The loop (train.ts) knows nothing of memory; a
// pool may keep weights where they are read back from slowly, on a graphics card say.

import { checkEngine } from '../../engine/checkEngine.ts';
import type { Engine } from '../../engine/engine.ts';
import { ArgumentError } from '../../errors/arguments.ts';
import { quoted } from '../../errors/printable.ts';
import type { NamedWeights } from '../../model/parameters.ts';
import type { RunData } from '../data/trainingData.ts';
import type { Experiment } from '../experiment.ts';
import type { StepLosses } from '../stepLosses.ts';
import type { TrainingState } from '../trainingState.ts';

/** What a pool is started with. */
export interface PoolOptions {
  readonly engine: Engine;
  readonly experiment: Experiment;
  /** The seed of weights and sequences. */
  readonly seed: number;
  /** Threads to share the batch among, at most. */
  readonly threads: number;
  /** What to train on where the experiment's task is `data`. */
  readonly data?: RunData;
  /** Start from here instead of from initial weights. */
  readonly resume?: TrainingState;
}

/** A run at rest, read back: copies, made when they are asked for. */
export interface PoolReading {
  /**
   * Copies of the weights, by name.
   * @returns Weights by name.
   */
  weights(): NamedWeights;
  /**
   * Copies of AdamW's moments, by the weight's name.
   * @returns By name: [weight].
   */
  moments(): { m: NamedWeights; v: NamedWeights };
}

/** Carries out the steps of one run. */
export interface TrainingPool {
  /** Threads that take part. */
  readonly threads: number;
  /**
   * Runs steps `from` … `to` unless stopped; resolves to the last step done, when every thread is at rest.
   * @param onStep Called after each step, in order.
   * @returns The last step that was done.
   */
  run(from: number, to: number, onStep: (losses: StepLosses) => void): Promise<number>;
  /** Asks to stop after the step under way. */
  requestStop(): void;
  /** Resolves when weights and moments can be read as they are now; they are until the next `run`. */
  read(): Promise<PoolReading>;
  /** Ends what the pool has started. */
  close(): Promise<void>;
}

/** Starts a pool. It may resolve while threads are still starting, as long as there is something to read: `run` waits. */
export type StartPool = (options: PoolOptions) => Promise<TrainingPool>;

/** Throws an ArgumentError unless these are what `train` starts a pool with. */
export function checkPoolOptions(options: unknown, caller: string): asserts options is PoolOptions {
  if (typeof options !== 'object' || options === null)
    throw new ArgumentError(
      `${caller}: a pool is started by train, \`startPool: ${caller}()\`, or with { engine, experiment, seed, threads }, got ${quoted(options)}.`,
    );
  checkEngine((options as Partial<PoolOptions>).engine, caller);
}

/** Throws an ArgumentError where what makes a StartPool was given uncalled, and `train` now calls it with a run's options. */
export function refuseUncalled(caller: string, argument: unknown): void {
  if (typeof argument === 'object' && argument !== null && 'engine' in argument && 'experiment' in argument)
    throw new ArgumentError(`train: startPool is ${caller} itself; call it, \`startPool: ${caller}()\`.`);
}
