/** Milliseconds that a submission is to take: systems end what keeps a GPU busy for seconds. */
const TARGET = 100;

/** How many steps to submit at a time, from how long those before took. */
export class Pace {
  private perStep: number | null = null;
  private last = 0;

  /** Steps of the next submission: one until something has been measured. */
  get steps(): number {
    return this.perStep === null ? 1 : Math.max(1, Math.floor(TARGET / this.perStep));
  }

  /** A submission of `steps` that was made at `since` is through; both in milliseconds, as performance.now() tells them. */
  through(steps: number, since: number, now: number): void {
    const took = (now - Math.max(since, this.last)) / steps; // the GPU began when it was through with the one before
    this.last = now;
    this.perStep = this.perStep === null ? took : 0.5 * (this.perStep + took);
  }
}
