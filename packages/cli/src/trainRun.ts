// Trains one experiment into a run folder: records to metrics.jsonl, checkpoints, a state to resume from.
import {
  type Backend,
  checkpointSteps,
  type Engine,
  type Experiment,
  headScores,
  loadEngine,
  Model,
  type NamedWeights,
  type Pause,
  type StepRecord,
  startInline,
  startWorkers,
  type TrainingState,
  train,
} from '@induction-lab/core/node';
import { badInput, CommandError, EXIT } from './errors.ts';
import { writeWhole } from './files.ts';
import { Progress } from './progress.ts';
import {
  type LoggedScores,
  type MetricsRecord,
  metricsCsv,
  RunFolder,
  type RunInfo,
  SCHEMA_VERSION,
} from './runFolder.ts';
import { VERSION } from './version.ts';

export interface TrainRunOptions {
  readonly engine: Engine;
  readonly experiment: Experiment;
  readonly seed: number;
  readonly threads: number;
  readonly folder: string;
  readonly quiet: boolean;
  /** Print every record as a line of JSON. */
  readonly json: boolean;
  readonly csv: boolean;
  readonly perPosition: boolean;
  /** Log head scores every so many steps; 0 for never. */
  readonly scoresEvery: number;
  /** Keep a checkpoint every so many steps, besides those at growing distances; 0 for only those. */
  readonly checkpointEvery: number;
  readonly signal: AbortSignal;
}

export interface TrainRunResult {
  readonly status: 'done' | 'stopped';
  readonly step: number;
  readonly seconds: number;
  /** Threads that took part. */
  readonly threads: number;
  readonly folder: RunFolder;
  readonly weights: NamedWeights;
}

/** Starts a run in a folder that `createFreshFolder` made. */
export async function trainIntoFolder(options: TrainRunOptions): Promise<TrainRunResult> {
  return new TrainRun(options, null).run();
}

/** What `resumeFolder` takes from the command line; the rest is in the folder. */
export type ResumeOptions = Omit<TrainRunOptions, 'engine' | 'experiment' | 'seed'> & { readonly exact: boolean };

/** Continues a stopped, killed or failed run with the same bits as if it had never ended. */
export async function resumeFolder(options: ResumeOptions): Promise<TrainRunResult> {
  const folder = new RunFolder(options.folder);
  const info = folder.readInfo();
  if (options.exact && info.backend !== 'simd')
    throw badInput(
      `${options.folder} was trained with the ${info.backend} build; resume it without --exact, or start anew with it.`,
    );
  const engine = await loadEngine({ exact: info.backend === 'simd' });
  if (engine.backend !== info.backend)
    throw badInput(
      `${options.folder} was trained with the ${info.backend} build, which this Node does not run; resume it with Node ${info.versions.node} or start anew with --exact.`,
    );
  const { experiment, seed } = info;
  const state = folder.readState();
  checkState(state, info, { engine, file: folder.file('resume.safetensors') });
  folder.removeUnfinished();
  folder.cutMetrics(state.step);
  return new TrainRun({ ...options, engine, experiment, seed }, { info, state }).run();
}

/** Refuses a state of another run before anything in the folder changes. */
function checkState(state: TrainingState, info: RunInfo, { engine, file }: { engine: Engine; file: string }): void {
  const tensors = Object.entries(new Model(engine, info.experiment.model).getWeights());
  const fits = (['weights', 'm', 'v'] as const).every((part) =>
    tensors.every(([name, { shape }]) => state[part][name]?.shape.join() === shape.join()),
  );
  if (!fits || state.seed !== info.seed || state.step > info.experiment.training.steps)
    throw badInput(`${file} belongs to another run than run.json beside it; put back the file that train wrote.`);
}

/** Milliseconds between writes of metrics. */
const FLUSH_EVERY = 500;

/** The steps every, 2 · every, … up to the last; none for 0. */
const everySteps = (every: number, last: number): number[] =>
  every === 0 ? [] : Array.from({ length: Math.floor(last / every) }, (_, i) => (i + 1) * every);

class TrainRun {
  private readonly options: TrainRunOptions;
  private readonly folder: RunFolder;
  private readonly resumed: { info: RunInfo; state: TrainingState } | null;
  private readonly progress: Progress;
  private readonly checkpoints: ReadonlySet<number>;
  private readonly scoring: Model;
  private readonly started = performance.now();
  private readonly startedAt = new Date().toISOString();
  /** What went wrong while a step was recorded; it stops the run, and the pause that follows throws it. */
  private failure: unknown = null;
  private readonly failed = new AbortController();
  private pending: string[] = [];
  private flushed = 0;
  private step: number;

  constructor(options: TrainRunOptions, resumed: { info: RunInfo; state: TrainingState } | null) {
    this.options = options;
    this.resumed = resumed;
    this.step = resumed?.state.step ?? 0;
    this.folder = new RunFolder(options.folder);
    const { steps } = options.experiment.training;
    this.checkpoints = new Set([...checkpointSteps(steps), ...everySteps(options.checkpointEvery, steps)]);
    this.scoring = new Model(options.engine, options.experiment.model);
    const { name, training } = options.experiment;
    this.progress = new Progress({
      name,
      steps: training.steps,
      quiet: options.quiet || options.json,
    });
  }

  async run(): Promise<TrainRunResult> {
    const { engine, experiment, seed, threads, signal } = this.options;
    const scored = everySteps(this.options.scoresEvery, experiment.training.steps);
    this.writeInfo('running', threads, engine.backend);
    try {
      const outcome = await train({
        engine,
        experiment,
        seed,
        threads,
        startCrew: engine.wasm?.shared ? startWorkers : startInline(),
        pauseAt: [...this.checkpoints, ...scored],
        signal: AbortSignal.any([signal, this.failed.signal]),
        ...(this.resumed ? { resume: this.resumed.state } : {}),
        observer: { onStep: (record) => this.onStep(record), onPause: (pause) => this.onPause(pause) },
      });
      this.writeInfo(outcome.status, outcome.threads, engine.backend);
      return { ...outcome, seconds: this.seconds(), folder: this.folder };
    } catch (error) {
      this.recordFailure(threads, engine.backend);
      throw error;
    } finally {
      this.progress.end();
    }
  }

  /** Called between messages of the training threads, where nobody could catch an error. */
  private onStep(record: StepRecord): void {
    if (this.failure !== null) return;
    this.step = record.step;
    const { perPosition, ...rest } = record;
    const logged: MetricsRecord = this.options.perPosition ? record : rest;
    try {
      this.log(logged);
    } catch (error) {
      this.failure = error;
      this.failed.abort();
    }
    this.progress.step(record);
  }

  private log(record: MetricsRecord): void {
    const line = JSON.stringify(record);
    this.pending.push(line);
    if (this.options.json) process.stdout.write(`${line}\n`);
    const now = performance.now();
    if (now - this.flushed < FLUSH_EVERY) return;
    this.flushed = now;
    this.flush();
  }

  private flush(): void {
    const lines = this.pending;
    this.pending = [];
    this.folder.appendMetrics(lines);
  }

  private onPause(pause: Pause): void {
    if (this.failure !== null) throw this.failure;
    const { experiment, seed, scoresEvery, signal } = this.options;
    const { step } = pause;
    const last = step === experiment.training.steps;
    const resting = this.resumed?.state.step === step;
    if (!resting && scoresEvery > 0 && step > 0 && step % scoresEvery === 0)
      this.log({ step, scores: this.scores(pause) });
    if (resting || !(this.checkpoints.has(step) || last || signal.aborted)) return;
    this.flush();
    const weights = pause.weights();
    if (!Object.values(weights).every(({ data }) => Array.prototype.every.call(data, Number.isFinite)))
      throw new CommandError(
        `The weights are not finite numbers after step ${step} with seed ${seed}; lower the learning rate or clip the gradient.`,
        EXIT.failed,
      );
    if (this.checkpoints.has(step) || last) this.folder.writeCheckpoint(step, experiment, weights, seed);
    this.folder.writeState(pause.state());
    if (this.options.csv && (last || signal.aborted))
      writeWhole(this.folder.file('metrics.csv'), metricsCsv(this.folder.readMetrics()));
  }

  private scores(pause: Pause): LoggedScores[] {
    this.scoring.setWeights(pause.weights());
    const { heads } = headScores(this.scoring, { sequences: 16, mostPeriods: 5 });
    return heads.map((h) => ({
      head: h.label,
      previousToken: h.previousToken.value,
      inductionStripe: h.inductionStripe.value,
      inductionExcess: h.inductionExcess.value,
      positionalOffset: h.positionalOffset.aboveChance,
    }));
  }

  private seconds(): number {
    return (this.resumed?.info.seconds ?? 0) + (performance.now() - this.started) / 1000;
  }

  private writeInfo(status: RunInfo['status'], threads: number, backend: Backend): void {
    const { experiment, seed } = this.options;
    this.folder.writeInfo({
      schemaVersion: SCHEMA_VERSION,
      name: experiment.name,
      experiment,
      seed,
      backend,
      threads,
      versions: { inductionLab: VERSION, node: process.versions.node },
      platform: `${process.platform} ${process.arch}`,
      startedAt: this.resumed?.info.startedAt ?? this.startedAt,
      finishedAt: status === 'running' ? null : new Date().toISOString(),
      status,
      step: this.step,
      seconds: this.seconds(),
    });
  }

  /** Notes the failure in run.json where that still can be written; the failure itself is what gets reported. */
  private recordFailure(threads: number, backend: Backend): void {
    try {
      this.flush();
      this.writeInfo('failed', threads, backend);
    } catch {
      // A full disk cannot take the note either; run.json then still says "running" and the run can be resumed.
    }
  }
}

/** How to go on with a run that was stopped. */
export const resumeHint = (folder: string): string => `npx induction-lab train --resume ${folder}`;

export const stoppedError = (result: TrainRunResult, steps: number): CommandError =>
  new CommandError(
    `Stopped after step ${result.step} of ${steps}; saved in ${result.folder.path}. Go on with: ${resumeHint(result.folder.path)}`,
    EXIT.interrupted,
  );
