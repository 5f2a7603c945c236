// One training run that can be paused, stepped, slowed, looked at and resumed. It wraps core's loop: the loop pauses
// after a few steps each time, and goes on when this run may.
import {
  type NamedWeights,
  NonFiniteLossError,
  type Pause,
  type StartPool,
  type StepRecord,
  type TrainingState,
  type TrainOptions,
  trainOnTask,
} from '@induction-lab/core/browser';
import type { Losses, RunStatus, SavedRun } from '../protocol.ts';
import type { Fetched } from './fetchedState.ts';
import { fingerprintOf } from './look.ts';
import type { RunOptions } from './runOptions.ts';
import { RunPace } from './runPace.ts';
import { KEPT_BYTES, stepsToKeep } from './stepsToKeep.ts';

/** What is said where the GPU of a run has failed: core's sentence, which says what to do, and that it is done. */
export const leftGpuText = ({ step }: Run, { message }: Error): string =>
  `${message.replace(/\.?$/, '.')} Here that is done: the CPU goes on from step ${step}.`;

export class Run {
  readonly options: RunOptions;
  readonly records: StepRecord[] = [];
  readonly kept = new Map<number, TrainingState>();
  step = 0;
  status: RunStatus = 'paused';
  /** Threads that take part. */
  readonly threads: number;
  /** The newest weights, as of `step`. */
  weights: NamedWeights | null = null;
  /** What was fetched, while nothing has been trained. */
  private fetched: Fetched | null;
  /** How far to train while training begins anew. */
  private anew: { until: number } | null = null;
  /** The weights that training must come to where they were fetched before. */
  private expected: { readonly step: number; readonly fingerprint: string } | null = null;
  private until = 0;
  private resting: Pause | null = null;
  private wake: () => void = () => {};
  private abort = new AbortController();
  /** Who waits for it to rest. */
  private waiting: (() => void)[] = [];
  private ended: Promise<void> = Promise.resolve();
  /** What goes on where the GPU fails; null where none trains, or it has failed. */
  private instead: RunOptions['instead'] | null;
  private readonly keepSteps: readonly number[];
  private readonly pace = new RunPace();

  constructor(options: RunOptions) {
    this.options = options;
    this.threads = Math.min(options.threads, options.experiment.training.batch, 8);
    this.keepSteps = stepsToKeep(options.experiment, options.keptBytes ?? KEPT_BYTES);
    this.fetched = options.fetched ?? null;
    this.instead = options.instead ?? null;
  }

  get lastStep(): number {
    return this.options.experiment.training.steps;
  }

  /** Steps a second, as far as is known. */
  get stepsPerSecond(): number {
    return this.pace.stepsPerSecond;
  }

  /** Whether its weights were fetched, and no step of it has been trained here. */
  get isFetched(): boolean {
    return this.fetched !== null;
  }

  /** The losses of every step so far. */
  get losses(): readonly Losses[] {
    return this.fetched?.losses ?? this.records;
  }

  /** Stands where fetched weights are of. */
  private showFetched({ step, weights }: Fetched): void {
    this.step = step;
    this.weights = weights;
    this.status = step >= this.lastStep ? 'done' : 'paused';
    this.options.onRest(this);
  }

  /**
   * Training needs more than fetched weights: it begins at step 0, and comes by them to the last bit. They are shown until it
   * has begun.
   */
  private async trainAnew({ step, weights }: Fetched, until: number): Promise<void> {
    this.expected = { step, fingerprint: fingerprintOf(weights) };
    const anew = { until };
    this.anew = anew;
    await this.begin();
    this.anew = null;
    this.play(anew.until);
  }

  /** Starts the threads; resolves when initial (or resumed) weights can be looked at. */
  async begin(resume?: TrainingState): Promise<void> {
    if (this.fetched && !this.anew) return this.showFetched(this.fetched);
    this.abort = new AbortController();
    let seen: () => void = () => {};
    const first = new Promise<void>((resolve) => {
      seen = resolve;
    });
    const { engine, experiment, seed, own } = this.options;
    const startPool = this.instead === null ? this.pool : this.options.startPool;
    const trained = own
      ? (options: TrainOptions) => own.train({ ...options, data: { sequences: own.sequences } })
      : trainOnTask;
    this.ended = trained({
      engine,
      experiment,
      seed,
      threads: this.threads,
      startPool,
      signal: this.abort.signal,
      pauseAt: (step) => this.nextRest(step),
      ...(resume ? { resume } : {}),
      observer: {
        onStep: (record) => this.records.push(record),
        onPause: async (pause) => {
          this.rest(pause);
          seen();
          await this.permission(pause.step);
        },
      },
    }).then(
      () => {},
      async (error: Error) => {
        if (!this.abort.signal.aborted && (await this.goesOnInstead(error))) return seen();
        this.status = 'failed';
        this.wakeWaiting();
        seen();
        if (!this.abort.signal.aborted) this.options.onFailure(this, error);
      },
    );
    await first;
  }

  /** What trains when no GPU does. */
  private get pool(): StartPool {
    return (this.options.instead ?? this.options).startPool;
  }

  /** Where the GPU has failed the CPU goes on from the last kept step; false where no GPU trained, or training would fail there, too. */
  private async goesOnInstead(error: Error): Promise<boolean> {
    const { instead } = this;
    const state = this.kept.get(Math.max(...this.kept.keys()));
    if (!instead || !state || error instanceof NonFiniteLossError) return false;
    this.instead = null;
    const { status, until } = this;
    this.records.splice(state.step);
    this.step = state.step;
    this.status = 'paused';
    await this.begin(state);
    instead.told(this, error);
    if (status === 'playing') this.play(until);
    return true;
  }

  /** Begins where a saved run stood. */
  async takeUp({ state, earlier, records }: SavedRun): Promise<void> {
    for (const before of earlier) this.kept.set(before.step, before);
    this.kept.set(state.step, state);
    this.records.push(...records);
    this.step = state.step;
    await this.begin(state);
  }

  /** Ends the run's threads; what is kept stays. */
  async end(): Promise<void> {
    this.abort.abort();
    this.wake();
    await this.ended;
    if (this.status === 'playing') this.status = 'paused';
  }

  play(until: number = this.lastStep): void {
    if (this.status === 'failed' || this.step >= this.lastStep) return;
    if (this.fetched) {
      if (this.anew) this.anew.until = until;
      else void this.trainAnew(this.fetched, until);
      return;
    }
    this.until = Math.min(until, this.lastStep);
    if (this.until <= this.step) return;
    this.status = 'playing';
    this.pace.begin({ afresh: true });
    this.wake();
  }

  pause(): void {
    if (this.anew) this.anew.until = 0;
    this.until = this.step;
    if (this.status === 'playing' && this.resting) this.status = 'paused';
    this.wake();
  }

  setSpeed(stepsPerSecond: number): void {
    this.pace.limitTo(stepsPerSecond);
    this.wake();
  }

  /** Settles when the run rests, or has failed: at once where it does, and where its weights were fetched, which nothing trains. */
  async atRest(): Promise<void> {
    while (this.resting === null && this.fetched === null && this.status !== 'failed')
      await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Everything needed to go on from here; null while steps are under way. */
  state(): TrainingState | null {
    return this.resting?.state() ?? null;
  }

  weightsAt(step: number): NamedWeights | null {
    if (step === this.step) return this.weights;
    return this.kept.get(step)?.weights ?? null;
  }

  /** The kept steps, ascending, and the newest one. */
  keptSteps(): number[] {
    return [...new Set([...this.kept.keys(), this.step])].sort((a, b) => a - b);
  }

  /** Goes back to a kept step: later steps are forgotten. */
  async resume(step: number): Promise<void> {
    if (this.fetched?.step === step) return;
    const state = this.kept.get(step) ?? (step === this.step ? this.state() : null);
    if (!state) throw new Error(`Step ${step} is not kept; choose one of the marks on the timeline.`);
    await this.end();
    for (const kept of [...this.kept.keys()]) if (kept > step) this.kept.delete(kept);
    this.records.splice(step);
    this.status = 'paused';
    this.until = step;
    await this.begin(state);
  }

  /** The same run comes to the same weights, or what was shown of it was wrong. */
  private compare(weights: NamedWeights): void {
    if (this.expected?.step !== this.step) return;
    if (fingerprintOf(weights) !== this.expected.fingerprint)
      this.options.onFailure(this, new Error(`Training came to other weights at step ${this.step} than were fetched`));
    this.expected = null;
  }

  private nextRest(step: number): number {
    const keep = this.keepSteps.find((k) => k > step) ?? this.lastStep;
    return Math.min(step + this.pace.steps, keep, this.until > step ? this.until : step + 1);
  }

  private rest(pause: Pause): void {
    if (this.anew) {
      this.fetched = null;
      this.step = 0;
    }
    this.pace.rest(pause.step - this.step);
    this.step = pause.step;
    this.resting = pause;
    this.weights = pause.weights();
    this.compare(this.weights);
    if (this.keepSteps.includes(pause.step) && !this.kept.has(pause.step)) this.kept.set(pause.step, pause.state());
    if (pause.step >= this.lastStep) this.status = 'done';
    else if (this.until <= pause.step) this.status = 'paused';
    this.wakeWaiting();
    this.options.onRest(this);
  }

  private wakeWaiting(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** Settles when the next steps may be taken, or when the run is to end. */
  private async permission(step: number): Promise<void> {
    if (step >= this.lastStep) return;
    // Messages are served before the next steps; where the training thread is this one they have no other chance.
    await this.sleep(this.pace.wait);
    while (this.until <= step && !this.abort.signal.aborted) {
      if (this.status === 'playing') {
        this.status = 'paused';
        this.options.onRest(this);
      }
      await this.sleep(null);
    }
    this.resting = null;
    this.pace.begin();
  }

  private sleep(milliseconds: number | null): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      if (milliseconds !== null) setTimeout(resolve, milliseconds);
    });
  }
}
