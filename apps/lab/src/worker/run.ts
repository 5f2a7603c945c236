// One training run that can be paused, stepped, slowed, looked at and resumed. It wraps core's loop: the loop pauses
// after a few steps each time, and goes on when this run may.
import {
  type NamedWeights,
  type Pause,
  type StepRecord,
  type TrainingState,
  type TrainOptions,
  trainOnTask,
} from '@induction-lab/core/browser';
import type { Losses, RunStatus, SavedRun } from '../protocol.ts';
import type { Fetched } from './fetchedState.ts';
import { fingerprintOf } from './look.ts';
import type { RunOptions } from './runOptions.ts';
import { KEPT_BYTES, stepsToKeep } from './stepsToKeep.ts';

/** Milliseconds of training between two looks, at full speed. */
const LOOK_EVERY = 160;

export class Run {
  readonly options: RunOptions;
  readonly records: StepRecord[] = [];
  readonly kept = new Map<number, TrainingState>();
  step = 0;
  status: RunStatus = 'paused';
  stepsPerSecond = 0;
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
  private limit = Number.POSITIVE_INFINITY;
  private resting: Pause | null = null;
  private wake: () => void = () => {};
  private abort = new AbortController();
  /** Who waits for it to rest. */
  private waiting: (() => void)[] = [];
  private ended: Promise<void> = Promise.resolve();
  private readonly keepSteps: readonly number[];
  private bunch = 4;
  /** When the steps under way began; and when training rested last, for a speed that counts the waiting too. */
  private since = performance.now();
  private rested = performance.now();

  constructor(options: RunOptions) {
    this.options = options;
    this.threads = Math.min(options.threads, options.experiment.training.batch, 8);
    this.keepSteps = stepsToKeep(options.experiment, options.keptBytes ?? KEPT_BYTES);
    this.fetched = options.fetched ?? null;
  }

  get lastStep(): number {
    return this.options.experiment.training.steps;
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
    const { engine, experiment, seed, startPool, own } = this.options;
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
      (error: Error) => {
        this.status = 'failed';
        this.wakeWaiting();
        seen();
        if (!this.abort.signal.aborted) this.options.onFailure(this, error);
      },
    );
    await first;
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
    this.since = performance.now();
    this.rested = this.since;
    this.wake();
  }

  pause(): void {
    if (this.anew) this.anew.until = 0;
    this.until = this.step;
    if (this.status === 'playing' && this.resting) this.status = 'paused';
    this.wake();
  }

  setSpeed(stepsPerSecond: number): void {
    this.limit = stepsPerSecond;
    this.stepsPerSecond = 0; // measured anew
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
    const bunch = Number.isFinite(this.limit) ? Math.max(1, Math.round(this.limit / 8)) : this.bunch;
    return Math.min(step + bunch, keep, this.until > step ? this.until : step + 1);
  }

  private rest(pause: Pause): void {
    if (this.anew) {
      this.fetched = null;
      this.step = 0;
    }
    const now = performance.now();
    const done = pause.step - this.step;
    if (done > 0) {
      // A pause between two steps may fall before the first of them: no run is faster than its limit for long.
      const rate = Math.min(this.limit, (1000 * done) / Math.max(now - this.rested, 1));
      this.stepsPerSecond = this.stepsPerSecond === 0 ? rate : 0.7 * this.stepsPerSecond + 0.3 * rate;
      const steps = Math.round((done * LOOK_EVERY) / Math.max(now - this.since, 1));
      this.bunch = Math.max(1, Math.min(this.bunch * 2, steps));
    }
    this.rested = now;
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
    const due =
      this.since + (Number.isFinite(this.limit) ? (1000 * Math.max(1, Math.round(this.limit / 8))) / this.limit : 0);
    // Messages are served before the next steps; where the training thread is this one they have no other chance.
    await this.sleep(Math.max(0, due - performance.now()));
    while (this.until <= step && !this.abort.signal.aborted) {
      if (this.status === 'playing') {
        this.status = 'paused';
        this.options.onRest(this);
      }
      await this.sleep(null);
    }
    this.resting = null;
    this.since = performance.now();
  }

  private sleep(milliseconds: number | null): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      if (milliseconds !== null) setTimeout(resolve, milliseconds);
    });
  }
}
