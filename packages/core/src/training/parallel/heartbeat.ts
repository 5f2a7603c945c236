// Signs of life of the threads of a run, in the memory that they share. A browser says nothing when a worker closes itself
// or is killed for memory, and the others would wait for it for ever; so each thread counts what it does, and whoever
// started it looks whether it still counts.
import { Barrier, type BarrierWatch } from './barrier.ts';
import type { TrainingPlan } from './plan.ts';

/** Indices into the control integers: a flag, and each thread's count, a cache line apart from the barrier. */
const ABANDONED = 4;
const BEATS = 32;

/** Bytes of the control integers: a pair of cache lines for the barrier and the flags, one for the counts. */
export const CONTROL_BYTES = 256;

const controlOf = (plan: TrainingPlan): Int32Array =>
  new Int32Array(plan.memory.buffer, plan.control, CONTROL_BYTES / 4);

/** Tells all threads of a run that one of them is missing for good: whoever waits for it ends. */
export function abandon(plan: TrainingPlan): void {
  const control = controlOf(plan);
  Atomics.store(control, ABANDONED, 1);
  if (control.buffer instanceof ArrayBuffer) return; // one thread, which waits for nobody
  Atomics.notify(control, 1); // those asleep in the barrier
}

/** How often each thread has shown that it is there. */
export function beatsOf(plan: TrainingPlan): number[] {
  const control = controlOf(plan);
  return Array.from({ length: plan.threads }, (_, thread) => Atomics.load(control, BEATS + thread));
}

/** A thread's own view: counts, and sees whether the run has been abandoned. */
export function heartbeat(plan: TrainingPlan, thread: number): BarrierWatch {
  const control = controlOf(plan);
  return {
    alive: () => void Atomics.add(control, BEATS + thread, 1),
    abandoned: () => Atomics.load(control, ABANDONED) === 1,
  };
}

/** The barrier of a run's threads, for one that shows that it is there while it waits. */
export const barrierOf = (plan: TrainingPlan, watch: BarrierWatch): Barrier =>
  new Barrier(controlOf(plan).subarray(0, 2), plan.threads, undefined, watch);

/** Seconds without a sign of life after which a thread counts as gone, beside what one sequence may take. */
const PATIENCE = 6;

/** Operations that the slowest thread does in a second: a tenth of a phone's, so that a busy machine is no dead one. */
const SLOWEST = 5e8;

/**
 * Seconds without a sign of life after which a thread of this run is gone. Between two signs lie a sequence, forward and
 * backward, or a share of the optimiser: seconds only where the model is large.
 */
export function patienceOf(plan: TrainingPlan): number {
  const { nLayers, nHeads, dModel, dHead, nCtx, dVocab, dMlp = 0 } = plan.experiment.model;
  const products = nLayers * (4 * nHeads * dHead + 3 * dMlp) * dModel + dVocab * dModel;
  const attention = nLayers * 2 * nHeads * dHead * nCtx;
  return PATIENCE + Math.ceil((6 * nCtx * (products + attention)) / SLOWEST);
}
