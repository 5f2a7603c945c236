// How many jobs a machine does at once, and with how many threads each.
import { availableParallelism, freemem } from 'node:os';
import { type Experiment, parameterCount } from '@induction-lab/core/node';

/** Bytes that a process takes besides its model, and for each parameter: weights, moments, eight gradients, a model to measure. */
const BASE = 200 * 2 ** 20;
const PER_PARAMETER = 4 * (3 + 8 + 4);

/** Processes that fit cores and memory, at least one and at most one a job. */
export function usualProcesses(experiment: Pick<Experiment, 'model'>, jobs: number): number {
  const each = BASE + PER_PARAMETER * parameterCount(experiment.model);
  return Math.max(1, Math.min(availableParallelism(), Math.floor((0.8 * freemem()) / each), jobs));
}

/** One thread a process while there is a job for every core; a few long jobs share the cores. */
export const threadsEach = (processes: number): number =>
  Math.max(1, Math.min(8, Math.floor(availableParallelism() / processes)));
