// What a run on the bench is begun with.
import type { Engine, Experiment, StartPool, train } from '@induction-lab/core/browser';
import type { Fetched } from './fetchedState.ts';
import type { Run } from './run.ts';

export interface RunOptions {
  readonly engine: Engine;
  readonly experiment: Experiment;
  readonly seed: number;
  readonly threads: number;
  readonly startPool: StartPool;
  /** Called where training rests: between bunches of steps and whenever the status changes. */
  readonly onRest: (run: Run) => void;
  readonly onFailure: (run: Run, error: Error) => void;
  /** Weights that are shown in place of training so far, until steps are taken. */
  readonly fetched?: Fetched | null;
  /** Sequences to train on in place of a task's, and what trains on them. */
  readonly own?: { readonly sequences: readonly (readonly number[])[]; readonly train: typeof train };
  /** Bytes that its kept states may take. */
  readonly keptBytes?: number;
  /** The GPU that trains it. */
  readonly gpu?: string;
  /** Where a GPU trains: what goes on where it fails, and who is told of that. */
  readonly instead?: { readonly startPool: StartPool; readonly told: (run: Run, error: Error) => void };
}
