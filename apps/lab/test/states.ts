// The weights of a run at some of its steps, as the page has them: a run is stopped early, never planned shorter, since
// the learning rate may follow the length of the whole run.
import { type Engine, type Experiment, type NamedWeights, startWorkers, train } from '@induction-lab/core/node';

export async function statesOf(
  engine: Engine,
  experiment: Experiment,
  { seed, steps }: { seed: number; steps: readonly number[] },
): Promise<Map<number, NamedWeights>> {
  const states = new Map<number, NamedWeights>();
  const enough = new AbortController();
  await train({
    ...{ engine, experiment, seed, threads: 2, startCrew: startWorkers, pauseAt: steps, signal: enough.signal },
    observer: {
      onPause: ({ step, weights }) => {
        if (steps.includes(step)) states.set(step, weights());
        if (step >= Math.max(...steps)) enough.abort();
      },
    },
  });
  return states;
}
