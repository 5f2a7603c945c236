// How long the runs of a sweep take, measured on one: some of its steps, and the measurements of what those make.
import { loadEngine, Model, parameterCount, startInline, train } from '@induction-lab/core/node';
import { experimentAt } from '../definition/points.ts';
import type { OpenSweep } from '../folder/openSweep.ts';
import { History } from '../jobs/history.ts';
import type { Job } from '../jobs/job.ts';
import { measureRun } from '../jobs/measureRun.ts';

/** Milliseconds that the one trains for, its first steps aside. */
const TRAINED_FOR = 1500;
const WARM_UP = 5;

/** Points whose sizes are looked at. */
const LOOKED_AT = 200;

export interface TimeOfOne {
  readonly trainSeconds: number;
  readonly measureSeconds: number;
}

/** Trains a little and measures, in this thread. Checkpoints on the way (phase change, dynamics) are not counted. */
export async function timeOfOne({ experiment, seed, measure, backend }: Job): Promise<TimeOfOne> {
  const engine = await loadEngine({ exact: backend === 'simd', shared: false });
  const history = new History();
  const enough = new AbortController();
  let [since, timed] = [0, 0];
  const outcome = await train({
    ...{ engine, experiment, seed, threads: 1, startPool: startInline(), signal: enough.signal },
    observer: {
      onStep: (record) => {
        history.add(record);
        if (record.step <= WARM_UP) since = performance.now();
        else timed++;
        if (timed > 0 && performance.now() - since > TRAINED_FOR) enough.abort();
      },
    },
  });
  const perStep = (performance.now() - since) / 1000 / Math.max(1, timed);
  const begun = performance.now();
  const model = new Model(engine, experiment.model);
  model.setWeights(outcome.weights);
  const quick = { ...measure, phaseChange: false, dynamics: false };
  measureRun(model, { experiment, seed, measure: quick }, { history, weights: outcome.weights });
  return { trainSeconds: perStep * experiment.training.steps, measureSeconds: (performance.now() - begun) / 1000 };
}

/** Seconds of a run of the whole sweep on average, from those of one of its jobs: training scales with steps and sizes. */
export function secondsPerRun(
  { sweep, points }: Pick<OpenSweep, 'sweep' | 'points'>,
  one: Job,
  { trainSeconds, measureSeconds }: TimeOfOne,
): number {
  const every = Math.ceil(points.length / LOOKED_AT);
  const some = points.filter((_, i) => i % every === 0).map((point) => workOf(experimentAt(sweep, point, sweep.name)));
  const mean = some.reduce((a, b) => a + b, 0) / some.length;
  return (trainSeconds * mean) / workOf(one.experiment) + measureSeconds;
}

/** What training costs, in units of its own. */
const workOf = ({ model, training }: Job['experiment']): number =>
  training.steps * training.batch * model.nCtx * parameterCount(model);
