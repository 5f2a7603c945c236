// One thread's way through the steps of an order, and how all threads of a run stop after the same step.
import type { StepLosses } from '../stepLosses.ts';
import type { TrainingPlan } from './plan.ts';
import type { TrainingWorker } from './trainingWorker.ts';

/** Indices into the control integers, behind the barrier's two: a flag, and the step after which all threads stop. */
const STOP_REQUESTED = 2;
const STOP_AFTER = 3;

const controlOf = (plan: TrainingPlan): Int32Array => new Int32Array(plan.memory.buffer, plan.control, 4);

export function requestStop(plan: TrainingPlan): void {
  Atomics.store(controlOf(plan), STOP_REQUESTED, 1);
}

/**
 * Runs steps on one of several threads, until the last, a stop request or a loss that is not finite. All threads stop
 * after the same step: the first thread names it before the step's meetings, and everybody reads it after them.
 */
export function runSteps(
  worker: TrainingWorker,
  plan: TrainingPlan,
  options: { thread: number; from: number; to: number; onStep: (losses: StepLosses) => void },
): { lastStep: number; ended: boolean } {
  const control = controlOf(plan);
  const { thread, from, to, onStep } = options;
  for (let step = from; step <= to; step++) {
    if (thread === 0 && Atomics.load(control, STOP_REQUESTED) === 1) Atomics.store(control, STOP_AFTER, step);
    const losses = worker.step(step);
    if (thread === 0) onStep(losses);
    const ended = !Number.isFinite(losses.loss) || Atomics.load(control, STOP_AFTER) === step;
    if (ended) return { lastStep: step, ended };
  }
  return { lastStep: to, ended: false };
}
