// Trains one experiment into a run folder: records to metrics.jsonl, checkpoints, a state to resume from.

import { printable, shortened } from '@induction-lab/core/internal/printable';
import {
  type Backend,
  type Engine,
  type Experiment,
  headScores,
  Model,
  type NamedWeights,
  type Pause,
  type StepRecord,
  startInline,
  startWorkers,
  type TrainingState,
  train,
} from '@induction-lab/core/node';
import { CommandError, EXIT } from '../errors.ts';
import { type MeasuredFile, measuredFile, provenance } from '../files/provenance.ts';
import { Progress } from '../terminal/progress.ts';
import type { ChosenGpu } from './gpuChoice.ts';
import { earlierKernels } from './kernels.ts';
import { type LoggedScores, type MetricsRecord, metricsLine } from './metrics.ts';
import { Pauses } from './pauses.ts';
import { dataInfo, type LoadedData, segmentsOfRun } from './runData.ts';
import type { RunFolder } from './runFolder.ts';
import type { RunInfo, RunOptions } from './runInfo.ts';
import { usualThreads } from './threadCount.ts';

export interface TrainRunOptions extends RunOptions {
  readonly engine: Engine;
  readonly experiment: Experiment;
  readonly seed: number;
  /** What is trained on where the experiment's task is `data`. */
  readonly data?: LoadedData;
  /** The GPU that trains it; null or absent for the CPU. */
  readonly chosen?: ChosenGpu | null;
  /** Held by the caller, who releases it. */
  readonly folder: RunFolder;
  readonly quiet: boolean;
  /** Print every record as a line of JSON. */
  readonly json: boolean;
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
  readonly backend: Backend;
  /** The last checkpoint written. */
  readonly checkpoint: MeasuredFile | null;
}

/** How a run is logged where nobody says otherwise. */
export const USUAL_OPTIONS: RunOptions = {
  csv: false,
  perPosition: false,
  scoresEvery: 100,
  checkpointEvery: 0,
  threads: null,
};

/** Starts a run in a folder that was claimed. */
export async function trainIntoFolder(options: TrainRunOptions): Promise<TrainRunResult> {
  return new TrainRun(options, null).run();
}

/** Milliseconds between writes of metrics. */
const FLUSH_EVERY = 500;

function areFinite(data: ArrayLike<number>): boolean {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false;
  return true;
}

/** A run that goes on: its record, and its state unless it had trained nothing yet. */
export interface Resumed {
  readonly info: RunInfo;
  readonly state: TrainingState | null;
}

export class TrainRun {
  private readonly options: TrainRunOptions;
  private readonly folder: RunFolder;
  private readonly resumed: Resumed | null;
  private readonly progress: Progress;
  private readonly pauses: Pauses;
  private scoring: Model | null = null;
  private scoresLeftOut: NonNullable<RunInfo['scoresLeftOut']> | null;
  private checkpoint: MeasuredFile | null;
  private readonly started = performance.now();
  private readonly startedAt = new Date().toISOString();
  /** What went wrong while a step was recorded; it stops the run, and the pause that follows throws it. */
  private failure: unknown = null;
  private readonly failed = new AbortController();
  private pending: string[] = [];
  private flushed = 0;
  private step: number;
  /** Whether there was a model to look at: before that a run has left nothing but its record. */
  private begun = false;

  constructor(options: TrainRunOptions, resumed: Resumed | null) {
    this.options = options;
    this.resumed = resumed;
    this.step = resumed?.state?.step ?? 0;
    this.folder = options.folder;
    this.scoresLeftOut = resumed?.info.scoresLeftOut ?? null;
    this.checkpoint = resumed?.info.checkpoint ?? null;
    this.pauses = new Pauses(options.experiment.training.steps, options);
    const { name, training } = options.experiment;
    this.progress = new Progress({
      name,
      steps: training.steps,
      segments: segmentsOfRun(options.experiment, dataInfo(options.data)),
      quiet: options.quiet || options.json,
    });
  }

  async run(): Promise<TrainRunResult> {
    const { engine, experiment, seed, data, signal, csv } = this.options;
    const threads = this.options.threads ?? usualThreads();
    const { backend } = engine;
    this.writeInfo('running', threads);
    try {
      const outcome = await train({
        engine,
        experiment,
        seed,
        threads,
        ...(data ? { data } : {}),
        startPool: this.options.chosen?.startPool ?? (engine.wasm?.shared ? startWorkers() : startInline()),
        pauseAt: (step) => this.pauses.after(step),
        signal: AbortSignal.any([signal, this.failed.signal]),
        ...(this.resumed?.state ? { resume: this.resumed.state } : {}),
        observer: { onStep: (record) => this.onStep(record), onPause: (pause) => this.onPause(pause) },
      });
      if (csv) this.folder.writeCsv();
      this.writeInfo(outcome.status, outcome.threads);
      const { folder, checkpoint } = this;
      return { ...outcome, seconds: this.seconds(), folder, checkpoint, backend };
    } catch (error) {
      this.recordFailure(threads);
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
    const line = metricsLine(record);
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
    this.begun = true;
    if (this.failure !== null) throw this.failure;
    const { experiment, seed, signal } = this.options;
    const { step } = pause;
    if (this.resumed?.state?.step === step) return; // at rest, where it had been
    if (this.pauses.isScored(step)) this.logScores(pause);
    const kept = this.pauses.isKept(step);
    if (!kept && !signal.aborted) return;
    this.flush();
    const weights = pause.weights();
    if (!Object.values(weights).every(({ data }) => areFinite(data)))
      throw new CommandError(
        `The weights are not finite numbers after step ${step} with seed ${seed}; lower the learning rate or clip the gradient.`,
        EXIT.failed,
      );
    if (kept) {
      const { path, bytes } = this.folder.writeCheckpoint(step, { experiment, weights, seed });
      this.checkpoint = measuredFile(path, bytes);
    }
    this.folder.writeState(pause.state());
  }

  /** Scores are measured on the side: where that fails they are left out, which is said once, and the run goes on. */
  private logScores(pause: Pause): void {
    const { step } = pause;
    let scores: LoggedScores[];
    try {
      scores = this.scores(pause);
    } catch (error) {
      if (this.scoresLeftOut !== null) return;
      const reason = shortened(printable((error as Error).message.replace(/^\w+: /, '')), 300);
      this.scoresLeftOut = { step, reason };
      this.progress.say(`Head scores are left out from step ${step} on: ${reason}`);
      return;
    }
    this.log({ step, scores });
  }

  private scores(pause: Pause): LoggedScores[] {
    this.scoring ??= new Model(this.options.engine, this.options.experiment.model);
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

  private writeInfo(status: RunInfo['status'], threads: number): void {
    const { experiment, seed, engine, data } = this.options;
    const { csv, perPosition, scoresEvery, checkpointEvery, gpu, chosen } = this.options;
    const trainedOn = chosen?.info ?? this.resumed?.info.gpu;
    this.folder.writeInfo({
      ...provenance(engine.backend),
      name: experiment.name,
      experiment,
      ...(data ? { data: dataInfo(data) } : {}),
      seed,
      threads,
      ...(trainedOn ? { gpu: trainedOn } : {}),
      platform: `${process.platform} ${process.arch}`,
      startedAt: this.resumed?.info.startedAt ?? this.startedAt,
      finishedAt: status === 'running' ? null : new Date().toISOString(),
      status,
      step: this.step,
      seconds: this.seconds(),
      options: {
        csv,
        perPosition,
        scoresEvery,
        checkpointEvery,
        threads: this.options.threads,
        ...(gpu ? { gpu } : {}),
      },
      earlierKernels: earlierKernels(this.resumed?.info),
      checkpoint: this.checkpoint,
      scoresLeftOut: this.scoresLeftOut,
    });
  }

  /** Notes the failure in run.json where that still can be written; the failure itself is what gets reported. */
  private recordFailure(threads: number): void {
    try {
      if (!this.begun && this.resumed === null) {
        this.folder.forget(); // a model that is too large, say: there is nothing to go on with
        return;
      }
      this.flush();
      if (this.options.csv) this.folder.writeCsv();
      this.writeInfo('failed', threads);
    } catch {
      // A full disk cannot take the note either, and a folder that another process has taken over must not; run.json then
      // still says "running" and the run can be resumed.
    }
  }
}
