// What a person sees while a command measures: nothing for a second, then one live line on a terminal, a plain line now
// and then elsewhere, nothing when quiet. An estimate comes first where the work will take over a minute.
import { durationText } from './duration.ts';
import { drawLine, eraseLine } from './liveLine.ts';

export interface MeasuringProgressOptions {
  /** What works: the command's name. */
  readonly name: string;
  readonly quiet: boolean;
  readonly stream?: NodeJS.WriteStream;
  /** Milliseconds since any fixed moment; tests pass their own. */
  readonly now?: () => number;
}

/**
 * Milliseconds before anything is shown: of work, of starting and reading files, and elsewhere than on a terminal of work
 * of which nobody can say how long it takes. There, what ends in a moment needs no line at all.
 */
const SILENT = 1000;
const SILENT_AT_START = 5000;
const SILENT_UNKNOWN = 3000;
const MOMENT = 2;
/** Milliseconds between updates of the live line, and between plain lines. */
const LIVE_EVERY = 100;
const PLAIN_EVERY = 10_000;
/** Seconds of work that are announced. */
const LONG = 60;
/** Milliseconds over which the rate is measured, so that a slow start does not spoil the time left. */
const RATE_OVER = 20_000;

/** The first moments say little: nothing is foretold before this share is done, or so many milliseconds of work have passed. */
const TELLING_SHARE = 0.01;
const TELLING_TIME = 5000;

/** Stages before the work itself. */
const STARTING = ['starting', 'loading'];

export class MeasuringProgress {
  private readonly options: MeasuringProgressOptions;
  private readonly stream: NodeJS.WriteStream;
  private readonly now: () => number;
  private readonly started: number;
  private stage = STARTING[0]!;
  /** When the work itself began. */
  private working: number | null = null;
  /** What was told of the stage, the last RATE_OVER milliseconds of it. */
  private told: { done: number; total: number; at: number }[] = [];
  private shownAt = Number.NEGATIVE_INFINITY;
  private live = false;
  private announced = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(options: MeasuringProgressOptions) {
    this.options = options;
    this.stream = options.stream ?? process.stderr;
    this.now = options.now ?? (() => performance.now());
    this.started = this.now();
  }

  /** Shows by itself, until `end`. */
  start(): void {
    if (this.options.quiet) return;
    this.timer = setInterval(() => this.show(), LIVE_EVERY);
    this.timer.unref();
  }

  /** Notes how far the work is. A new stage begins anew. */
  note(stage: string, done: number, total: number): void {
    if (stage !== this.stage) this.told = [];
    this.stage = stage;
    const at = this.now();
    if (!STARTING.includes(stage)) this.working ??= at;
    this.told.push({ done, total, at });
    while (this.told.length > 2 && at - this.told[0]!.at > RATE_OVER) this.told.shift();
  }

  /** Shows where the work is, if it is time to. */
  show(): void {
    const now = this.now();
    const waited = this.working === null ? now - this.started - SILENT_AT_START : now - this.working - SILENT;
    if (this.options.quiet || waited < 0) return;
    const terminal = this.stream.isTTY === true;
    if (now - this.shownAt < (terminal ? LIVE_EVERY : PLAIN_EVERY) * 0.95) return;
    const left = this.secondsLeft();
    const short = left === null ? waited < SILENT_UNKNOWN - SILENT : left < MOMENT;
    if (!terminal && short) return;
    if (!this.announced && left !== null) {
      this.announced = true;
      if (left > LONG) {
        this.clear();
        this.stream.write(`${this.options.name}: this will take about ${durationText(left)}; Ctrl-C stops it.\n`);
      }
    }
    this.shownAt = now;
    const line = this.line(left);
    if (!terminal) {
      this.stream.write(`${line}\n`);
      return;
    }
    drawLine(this.stream, line);
    this.live = true;
  }

  /** Takes the live line away, so that what follows starts on its own. */
  clear(): void {
    if (!this.live) return;
    eraseLine(this.stream);
    this.live = false;
  }

  end(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    this.clear();
  }

  /** Null until it can be told. */
  private secondsLeft(): number | null {
    const [first, last] = [this.told[0], this.told.at(-1)];
    if (!first || !last || !(last.total > 0) || last.done <= first.done) return null;
    const early = this.now() - (this.working ?? this.now()) < TELLING_TIME && last.done < TELLING_SHARE * last.total;
    if (early) return null;
    // Measured up to now, so that the time left grows while a long run says nothing.
    const rate = (last.done - first.done) / (this.now() - first.at);
    return (last.total - last.done) / rate / 1000;
  }

  private line(left: number | null): string {
    const last = this.told.at(-1);
    const elapsed = durationText((this.now() - this.started) / 1000);
    const at = `${this.options.name}: ${this.stage}`;
    if (left === null || !last) return `${at}, ${elapsed} so far`;
    // Never "100 %" before it is done.
    return `${at}, ${Math.min(99, Math.floor((100 * last.done) / last.total))} %, ${durationText(left)} left`;
  }
}
