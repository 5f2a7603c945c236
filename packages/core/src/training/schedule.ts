import { exactCosSin } from '../random/exactMath.ts';
import type { TrainingOptions } from './experiment.ts';

/**
 * Learning rate of a step, counted from 1: linear warm-up from 0, then the schedule, which ends at 0 unless constant.
 * @param step Counted from 1.
 * @returns The rate of that step.
 */
export function learningRateAt(step: number, options: TrainingOptions): number {
  const { learningRate, warmupSteps, schedule, steps } = options;
  if (step < warmupSteps) return (learningRate * step) / warmupSteps;
  if (schedule === 'constant') return learningRate;
  const done = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  return learningRate * (schedule === 'linear' ? 1 - done : (1 + exactCosSin(done / 2).cos) / 2);
}

/** Steps between checkpoints once the quarter powers of 2 lie further apart. */
const GAP = 250;

/** The first step after `step` at which a checkpoint is written: 1, then the quarter powers of 2, at most `gap` apart. */
export function nextCheckpoint(step: number, gap: number = GAP): number {
  let last = 0;
  for (let exponent = 0; ; exponent++) {
    const next = Math.round(2 ** (exponent / 4));
    if (next - last > gap) return last + (Math.floor((step - last) / gap) + 1) * gap; // `gap` apart from here on
    if (next > step) return next;
    last = next;
  }
}

/** Steps at which a checkpoint is written: 0, the quarter powers of 2 at most `gap` apart, and the last. */
export function checkpointSteps(steps: number, gap: number = GAP): number[] {
  const chosen = [0];
  for (let step = nextCheckpoint(0, gap); step < steps; step = nextCheckpoint(step, gap)) chosen.push(step);
  return [...chosen, steps];
}
