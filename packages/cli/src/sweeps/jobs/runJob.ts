// Does one job: trains, pausing where its measurements ask for it, and measures. Knows nothing of who wants it done.
import { loadEngine, Model, startInline, startWorkers, train } from '@induction-lab/core/node';
import { badInput } from '../../errors.ts';
import { forgetHalfDone } from './halfDone.ts';
import type { Job } from './job.ts';
import { type JobResult, jobResult } from './jobResult.ts';
import { jobTraining } from './jobTraining.ts';
import { measureRun } from './measureRun.ts';

export interface RunJobOptions {
  /** Where its state is kept while it is half done. */
  readonly half: string;
  /** Training threads; the result does not depend on it. */
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onStep?: (step: number) => void;
}

/**
 * Trains and measures; null where the signal stopped it, with its state saved. Goes on from what was saved before. A job of a
 * GPU must have been trained there to its end. Rejects with what `train` and the measurements throw.
 */
export async function runJob(job: Job, { half, threads, signal, onStep }: RunJobOptions): Promise<JobResult | null> {
  const started = performance.now();
  const { backend, experiment, gpu } = job;
  const engine = await loadEngine({ exact: backend === 'simd', shared: threads > 1 });
  if (engine.backend !== backend)
    throw badInput(
      `The sweep asks for the ${backend} build of the kernels, which this Node (${process.version}) does not run; plan it with --exact.`,
    );
  const { options, history, from } = await jobTraining(job, { engine, half, signal, onStep });
  if (gpu && from < experiment.training.steps)
    throw badInput(
      `The run is to be trained on the GPU ${gpu.adapter}, which has not happened; run the sweep with --gpu.`,
    );
  const outcome = await train({ ...options, threads, startPool: threads > 1 ? startWorkers() : startInline() });
  if (outcome.status === 'stopped' || signal.aborted) return null;
  const model = new Model(engine, experiment.model);
  model.setWeights(outcome.weights);
  const measured = measureRun(model, job, { history, weights: outcome.weights });
  forgetHalfDone(half);
  return jobResult(job, measured, { seconds: (performance.now() - started) / 1000 });
}
