// How far a long analysis has come. The unit is a token that goes through the model, so that equal steps take about equal
// time; nothing but the ratio of the two numbers means anything to a reader.

/**
 * Called between runs of the model with how much is done and how much there is in all. `done` never falls; `total` may
 * turn out larger or smaller, and is above `done` until the last call, which has them equal. What it throws ends the analysis and
 * leaves the model usable: that is how to cancel.
 */
export type OnProgress = (done: number, total: number) => void;

/** Counts an analysis' work and reports it. */
export class Progress {
  private readonly onProgress: OnProgress | undefined;
  private done = 0;
  private total: number;

  /** `total` is what is expected; without `onProgress` nothing is reported. */
  constructor(onProgress: OnProgress | undefined, total: number) {
    this.onProgress = onProgress;
    this.total = total;
  }

  /** So much more is done. */
  add(work: number): void {
    this.done += work;
    this.report();
  }

  /** So much more is to be done than was expected; less where it is negative. */
  expect(more: number): void {
    this.total += more;
  }

  /**
   * The progress of an analysis that is part of this one, of which `expected` is already in the total. What it turns out
   * to take instead is taken into the total.
   */
  part(expected: number): OnProgress {
    let [before, planned] = [0, expected];
    return (done, total) => {
      this.total += total - planned;
      planned = total;
      this.done += done - before;
      before = done;
      this.report();
    };
  }

  /** Everything is done, whatever was expected. */
  finish(): void {
    this.total = this.done;
    this.onProgress?.(this.done, this.total);
  }

  /** Until all is finished something remains, however little was expected. */
  private report(): void {
    this.onProgress?.(this.done, Math.max(this.total, this.done + 1));
  }
}
