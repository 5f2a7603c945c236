// Who owns the models of the worker: the run that trains or the file that was opened, and the run kept beside it.
import {
  type Engine,
  type Experiment,
  guessingLoss,
  KERNELS_VERSION,
  Model,
  parameterCount,
  parseExperiment,
  type StartPool,
  segmentsOf,
} from '@induction-lab/core/browser';
import type { BenchRun, Questions, SavedRun } from '../protocol.ts';
import type { Later } from './later.ts';
import type { Loaded, OpenedFile } from './openedFile.ts';
import { Run } from './run.ts';
import type { RunOptions } from './runOptions.ts';
import { checkSavedRun, noLinkFor } from './savedRun.ts';
import type { Subject } from './subject.ts';

/** What happens to a run while it trains. */
export interface RunEvents {
  /** Training rests: between bunches of steps and whenever the status changes. */
  rested(run: Run): void;
  failed(run: Run, error: Error): void;
  /** Its GPU has failed, and the CPU goes on. */
  leftGpu(run: Run, error: Error): void;
}

/** What trains a run on a GPU. */
export interface OnGpuRun {
  readonly gpu: string;
  readonly startPool: StartPool;
}

export class Models {
  main: Subject | null = null;
  other: Subject | null = null;
  readonly engine: Engine;
  private readonly pool: { threads: number; start: StartPool };
  private readonly events: RunEvents;
  private speed = Number.POSITIVE_INFINITY;
  private nextId = 1;

  constructor(engine: Engine, pool: { threads: number; start: StartPool }, events: RunEvents) {
    this.engine = engine;
    this.pool = pool;
    this.events = events;
  }

  /** What is on the bench. Throws an Error where nothing is. */
  subject(): Subject {
    if (!this.main) throw new Error('There is no model yet; choose a preset.');
    return this.main;
  }

  /** The run on the bench. Throws an Error where there is none that trains. */
  run(): Run {
    const { run } = this.subject();
    if (!run) throw new Error('A checkpoint from a file cannot be trained on: choose a preset to start a run.');
    return run;
  }

  setSpeed(stepsPerSecond: number): void {
    this.speed = stepsPerSecond;
    this.main?.run?.setSpeed(stepsPerSecond);
  }

  /** Ends a run and forgets it. */
  async drop(which: 'main' | 'other'): Promise<void> {
    const subject = this[which];
    this[which] = null;
    await subject?.run?.end();
  }

  /** Puts a new run, which waits, in the place of what was there, or beside it. */
  async start(
    { experiment: asked, seed, keepOther, fetched: file, data }: Questions['start']['ask'],
    { gpu, parts }: { gpu: OnGpuRun | null; parts: Later | null },
  ): Promise<Run> {
    // Before anything ends: an impossible setting leaves the bench as it is.
    const experiment = parseExperiment(asked);
    const model = new Model(this.engine, experiment.model);
    const fetched = file && parts ? parts.readFetched(file.bytes, { experiment, seed, file: file.file }) : null;
    if (keepOther) {
      await this.drop('other');
      await this.main?.run?.end();
      this.other = this.main;
      this.main = null;
    } else await this.drop('main');
    const own = data && parts ? { own: { sequences: data, train: parts.train } } : {};
    const instead = { startPool: this.pool.start, told: this.events.leftGpu };
    const run = this.newRun(experiment, seed, { fetched, ...own, ...(gpu ? { ...gpu, instead } : {}) });
    const about = {
      ...(gpu ? { gpu: gpu.gpu, ...noLinkFor({ gpu: gpu.gpu, kernels: KERNELS_VERSION }) } : {}),
      ...(fetched ? { fetched: fetched.step } : {}),
    };
    this.adopt({ experiment, seed, file: null, ...about }, { run, model });
    return run;
  }

  /** Puts a saved run, which waits where it stood, in the place of all that was there. */
  async takeUp(saved: SavedRun, { kept = false } = {}): Promise<Run> {
    checkSavedRun(saved);
    const experiment = parseExperiment(saved.experiment);
    const { seed, gpu, state } = saved;
    const model = new Model(this.engine, experiment.model);
    await this.drop('main');
    await this.drop('other');
    const run = this.newRun(experiment, seed, gpu === null ? {} : { gpu });
    const about = {
      ...{ experiment, seed, file: null },
      ...(gpu === null ? {} : { gpu }),
      ...(kept ? { keptFrom: state.step } : {}),
      ...noLinkFor(saved),
    };
    this.adopt(about, { run, model });
    return run;
  }

  /** `gpu` is the one that has begun the run; `startPool` is given where it is to go on there. */
  private newRun(
    experiment: Experiment,
    seed: number,
    more: Partial<Pick<RunOptions, 'fetched' | 'own' | 'gpu' | 'startPool' | 'instead'>> = {},
  ): Run {
    const run = new Run({
      engine: this.engine,
      experiment,
      seed,
      threads: this.pool.threads,
      startPool: this.pool.start,
      onRest: (rested) => this.events.rested(rested),
      onFailure: (failed, error) => this.events.failed(failed, error),
      ...more,
    });
    run.setSpeed(this.speed);
    return run;
  }

  /** Puts a file's model in the place of all that was there. */
  async load({ about, model, loaded, scores }: OpenedFile): Promise<void> {
    await this.drop('main');
    await this.drop('other'); // its tokens may be other ones
    this.adopt(about, { model, loaded });
    const measured = { fingerprint: loaded.fingerprint, sequences: Number.POSITIVE_INFINITY };
    if (this.main) this.main.scored = { ...measured, ...scores };
  }

  private adopt(
    about: Pick<BenchRun, 'experiment' | 'seed' | 'file' | 'fetched' | 'gpu' | 'keptFrom' | 'noLink'>,
    made: { model: Model } & ({ run: Run } | { loaded: Loaded }),
  ): void {
    const { model: config, name, task } = about.experiment;
    const id = this.nextId++;
    const [segments, lnVocab] = [segmentsOf(task), guessingLoss(config)];
    const info: BenchRun = { ...about, id, name, parameters: parameterCount(config), lnVocab, segments };
    this.main = { id, info, run: null, loaded: null, ...made, scored: null, audited: null, sent: 0 };
  }
}
