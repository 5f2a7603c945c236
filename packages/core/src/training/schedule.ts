import { exactCosSin } from '../random/exactMath.ts';
import type { TrainingOptions } from './experiment.ts';

/** Learning rate of a step, counted from 1: linear warm-up from 0, then the schedule, which ends at 0 unless constant. */
export function learningRateAt(step: number, options: TrainingOptions): number {
  const { learningRate, warmupSteps, schedule, steps } = options;
  if (step < warmupSteps) return (learningRate * step) / warmupSteps;
  if (schedule === 'constant') return learningRate;
  const done = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  return learningRate * (schedule === 'linear' ? 1 - done : (1 + exactCosSin(done / 2).cos) / 2);
}

/** Steps at which a checkpoint is written: 0, the quarter powers of 2 at most `gap` apart, and the last. */
export function checkpointSteps(steps: number, gap = 250): number[] {
  const chosen = [0];
  for (let step = 1, exponent = 0; step < steps; ) {
    chosen.push(step);
    let next = step;
    while (next <= step) next = Math.round(2 ** (++exponent / 4));
    step = Math.min(next, step + gap);
  }
  return [...chosen, steps];
}
