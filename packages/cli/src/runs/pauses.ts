// Where a run pauses: to keep a checkpoint, to log scores.
import { nextCheckpoint } from '@induction-lab/core/internal';

export class Pauses {
  private readonly steps: number;
  private readonly checkpointEvery: number;
  private readonly scoresEvery: number;

  /** `steps` is the last one. Every 0 steps means never. */
  constructor(steps: number, { checkpointEvery, scoresEvery }: { checkpointEvery: number; scoresEvery: number }) {
    this.steps = steps;
    this.checkpointEvery = checkpointEvery;
    this.scoresEvery = scoresEvery;
  }

  /** Whether a checkpoint is kept after this step. */
  isKept(step: number): boolean {
    return isMultiple(step, this.checkpointEvery) || step === 0 || this.grown(step - 1) === step;
  }

  /** Whether scores are logged after this step. */
  isScored(step: number): boolean {
    return step > 0 && isMultiple(step, this.scoresEvery);
  }

  /** The first step after `step` at which there is something to do; the last one is among them. */
  after(step: number): number {
    const multiple = (every: number): number => (every === 0 ? this.steps : (Math.floor(step / every) + 1) * every);
    return Math.min(this.grown(step), multiple(this.checkpointEvery), multiple(this.scoresEvery));
  }

  /** The first step after `step` at which a checkpoint is kept in any case. */
  private grown(step: number): number {
    return Math.min(nextCheckpoint(step), this.steps);
  }
}

const isMultiple = (step: number, every: number): boolean => every > 0 && step > 0 && step % every === 0;
