// How fast a run trains: measured where it rests, and from that how many steps it takes before it is looked at again.

/** Milliseconds of training between two looks, at full speed. */
const LOOK_EVERY = 160;

export class RunPace {
  /** Steps a second, measured. */
  stepsPerSecond = 0;
  private limit = Number.POSITIVE_INFINITY;
  /** Steps between two looks, at full speed. */
  private bunch = 4;
  /** When the steps under way began; and when training rested last, for a speed that counts the waiting too. */
  private since = performance.now();
  private rested = performance.now();

  /** No more steps a second than these; the speed is measured anew. */
  limitTo(stepsPerSecond: number): void {
    this.limit = stepsPerSecond;
    this.stepsPerSecond = 0;
  }

  /** Steps to be taken until training rests. */
  get steps(): number {
    return Number.isFinite(this.limit) ? Math.max(1, Math.round(this.limit / 8)) : this.bunch;
  }

  /** Milliseconds until the next steps are due. */
  get wait(): number {
    const apart = Number.isFinite(this.limit) ? (1000 * this.steps) / this.limit : 0;
    return Math.max(0, this.since + apart - performance.now());
  }

  /** Steps are under way from now on; `afresh` where training has stood still. */
  begin({ afresh = false } = {}): void {
    this.since = performance.now();
    if (afresh) this.rested = this.since;
  }

  /** Training rests after so many steps. */
  rest(done: number): void {
    const now = performance.now();
    if (done > 0) {
      // A pause between two steps may fall before the first of them: no run is faster than its limit for long.
      const rate = Math.min(this.limit, (1000 * done) / Math.max(now - this.rested, 1));
      this.stepsPerSecond = this.stepsPerSecond === 0 ? rate : 0.7 * this.stepsPerSecond + 0.3 * rate;
      const steps = Math.round((done * LOOK_EVERY) / Math.max(now - this.since, 1));
      this.bunch = Math.max(1, Math.min(this.bunch * 2, steps));
    }
    this.rested = now;
  }
}
