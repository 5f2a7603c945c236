// The weights of a run at some of its steps, as the page has them: a run is stopped early, never planned shorter, since
// the learning rate may follow the length of the whole run. What has been trained once in a file is not trained again.
import type { Engine, Experiment, NamedWeights, StepRecord } from '@induction-lab/core/node';
// @ts-expect-error: a script
import { trainTo } from '../build/lessonStates.mjs';

export interface RunStates {
  /** By step. */
  readonly states: ReadonlyMap<number, NamedWeights>;
  /** What was recorded of each step up to the last of them. */
  readonly records: readonly StepRecord[];
}

const known = new Map<string, { steps: readonly number[]; run: Promise<RunStates> }>();

/** A run at these steps; a run that was asked for before, at these steps and perhaps others, is taken as it is. */
export function runOf(
  engine: Engine,
  experiment: Experiment,
  { seed, steps }: { seed: number; steps: readonly number[] },
): Promise<RunStates> {
  const key = JSON.stringify([experiment, seed]);
  const before = known.get(key);
  if (before && steps.every((step) => before.steps.includes(step))) return before.run;
  const run: Promise<RunStates> = trainTo(engine, experiment, steps, seed);
  known.set(key, { steps, run });
  return run;
}

export const statesOf = async (...run: Parameters<typeof runOf>): Promise<RunStates['states']> =>
  (await runOf(...run)).states;
