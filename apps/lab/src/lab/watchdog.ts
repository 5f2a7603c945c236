// Notices a worker that is gone without an error event: one that closed itself, or that the browser ended for want of
// memory. The worker holds a lock for as long as it lives, and the page waits in line for it: who gets it knows at once,
// however long a computation takes and however long the tab sleeps. A silence that is too long is told besides: where
// there are no locks, and for a worker that lives but has lost its way. It may end, so it is no death yet.
import { PULSE } from '../protocol.ts';

/** Turns of the watch, a pulse long each, without a word from a worker that is asked nothing. */
const PATIENCE = 8;
/** The same while an answer is awaited: an audit on a slow machine says nothing for a while. */
const PATIENCE_AT_WORK = 60;

export interface WatchdogOptions {
  /** Whether an answer is awaited. */
  readonly busy: () => boolean;
  /** Called with the seconds of a silence that is too long, and with 0 when it ends. */
  readonly onSilence: (seconds: number) => void;
}

export class Watchdog {
  private readonly options: WatchdogOptions;
  private timer: ReturnType<typeof setInterval> | undefined;
  private waiting = new AbortController();
  private onDeath: () => void = () => {};
  /** Turns of silence. */
  private silent = 0;
  private told = false;

  constructor(options: WatchdogOptions) {
    this.options = options;
  }

  /** Begins to watch a new worker, and it alone. */
  watch(onDeath: () => void): void {
    this.rest();
    this.onDeath = onDeath;
    let before = Date.now();
    this.timer = setInterval(() => {
      const late = Date.now() - before > 3 * PULSE;
      before = Date.now();
      if (late)
        this.silent = 0; // this page slept: nothing could be heard
      else this.turn();
    }, PULSE);
  }

  /** Watches nothing until the next worker. */
  rest(): void {
    clearInterval(this.timer);
    this.waiting.abort();
    this.silent = 0;
    this.told = false;
  }

  /** The worker has said something. */
  heard(): void {
    this.silent = 0;
    if (this.told) this.options.onSilence(0);
    this.told = false;
  }

  /** The worker holds this lock while it lives: waits for it. */
  hold(name: string): void {
    const waiting = new AbortController();
    this.waiting = waiting;
    const { onDeath } = this;
    navigator.locks
      .request(name, { signal: waiting.signal }, () => {
        if (!waiting.signal.aborted) onDeath();
      })
      .catch(() => {}); // aborted: another worker is watched
  }

  private turn(): void {
    this.silent++;
    if (this.silent < (this.options.busy() ? PATIENCE_AT_WORK : PATIENCE) || this.told) return;
    this.told = true;
    this.options.onSilence((this.silent * PULSE) / 1000);
  }
}
