// A run in the memory of an engine: laid out, filled with the weights and moments that it starts from, and read back.
import type { NamedWeights } from '../../model/parameters.ts';
import { namedCopies, Parameters } from '../../model/parameters.ts';
import { checkSaved } from '../checkSaved.ts';
import { Clamps } from '../clamps.ts';
import { initialize } from '../initialize.ts';
import { sourceOf } from '../sourceOf.ts';
import type { TrainingState } from '../trainingState.ts';
import { planTraining, type TrainingPlan } from './plan.ts';
import type { PoolOptions, TrainingPool } from './pool.ts';
import { requestStop } from './runSteps.ts';

/** The parts of a run's memory that outlive a step. */
interface Kept {
  readonly weights: Parameters;
  readonly m: Parameters;
  readonly v: Parameters;
}

export interface RunMemory extends Kept {
  readonly plan: TrainingPlan;
}

/** Lays a run out and sets what it starts from. Throws an Error for a saved state that is not of this model. */
export function layOutRun({ engine, experiment, seed, threads, data, resume }: PoolOptions): RunMemory {
  const { model, training } = experiment;
  const { plan, arena, weights } = planTraining(engine, {
    experiment,
    seed,
    threads,
    segments: sourceOf({ experiment, seed }, data).segments.length,
  });
  const m = Parameters.over(model, arena, plan.m);
  const v = Parameters.over(model, arena, plan.v);
  if (resume) {
    checkSaved(resume, weights, arena.floatBytes);
    restore(resume, { weights, m, v });
  } else initialize(model, weights, { seed, std: training.initStd });
  new Clamps(model, weights, training.clamps).hold(resume?.step ?? 0);
  return { plan, weights, m, v };
}

function restore(state: TrainingState, into: Kept): void {
  for (const part of ['weights', 'm', 'v'] as const)
    for (const tensor of into[part].all) tensor.set((state[part][tensor.name] as NamedWeights[string]).data);
  into.weights.changed();
}

/** The threads of a pool over an engine's memory. */
export type PoolThreads = Pick<TrainingPool, 'run' | 'close'>;

/** The pool of threads, which may still be starting, over the memory that they share. */
export function poolOver({ plan, weights, m, v }: RunMemory, starting: Promise<PoolThreads>): TrainingPool {
  starting.catch(() => {}); // told where it is awaited
  return {
    threads: plan.threads,
    run: async (from, to, onStep) => (await starting).run(from, to, onStep),
    requestStop: () => requestStop(plan),
    read: async () => ({
      weights: () => namedCopies(weights),
      moments: () => ({ m: namedCopies(m), v: namedCopies(v) }),
    }),
    close: async () => {
      const threads = await starting.catch(() => null);
      await threads?.close();
    },
  };
}
