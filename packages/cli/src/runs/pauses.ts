// Where a run pauses: to keep a checkpoint, to log scores.
import { checkpointSteps } from '@induction-lab/core/node';

export class Pauses {
  private readonly steps: number;
  private readonly growing: readonly number[];
  private readonly checkpointEvery: number;
  private readonly scoresEvery: number;

  /** `steps` is the last one. Every 0 steps means never. */
  constructor(steps: number, { checkpointEvery, scoresEvery }: { checkpointEvery: number; scoresEvery: number }) {
    this.steps = steps;
    this.growing = checkpointSteps(steps);
    this.checkpointEvery = checkpointEvery;
    this.scoresEvery = scoresEvery;
  }

  /** Whether a checkpoint is kept after this step. */
  isKept(step: number): boolean {
    return isMultiple(step, this.checkpointEvery) || this.growing[this.firstBeyond(step - 1)] === step;
  }

  /** Whether scores are logged after this step. */
  isScored(step: number): boolean {
    return step > 0 && isMultiple(step, this.scoresEvery);
  }

  /** The first step after `step` at which there is something to do; the last one is among them. */
  after(step: number): number {
    const multiple = (every: number): number => (every === 0 ? this.steps : (Math.floor(step / every) + 1) * every);
    const grown = this.growing[this.firstBeyond(step)] ?? this.steps;
    return Math.min(grown, multiple(this.checkpointEvery), multiple(this.scoresEvery));
  }

  /** Index of the first of the growing steps above `step`: there may be tens of thousands. */
  private firstBeyond(step: number): number {
    let [low, high] = [0, this.growing.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.growing[middle]! > step) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

const isMultiple = (step: number, every: number): boolean => every > 0 && step > 0 && step % every === 0;
