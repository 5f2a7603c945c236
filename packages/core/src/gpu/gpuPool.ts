import type { Engine } from '../engine/engine.ts';
import type { Experiment } from '../training/experiment.ts';
import type { StartPool } from '../training/parallel/pool.ts';
import type { Gpu } from './adapter.ts';
import { GpuEnsemble } from './ensemble.ts';

/**
 * What `train` starts a run's pool with, to train it on the GPU, once. The engine's gradients are what the GPU's are tested
 * against. Rejects with a GpuError, before anything trains, where the GPU cannot train such a model or is wrong.
 */
export async function gpuPool(
  gpu: Gpu,
  { engine, experiment }: { readonly engine: Engine; readonly experiment: Experiment },
): Promise<StartPool> {
  return (await gpuPools(gpu, { engine, experiments: [experiment] }))[0]!;
}

/**
 * The same for runs that train together, one for each experiment, whose models and batches are of one size: what
 * `trainEnsemble` does for those who call `train` themselves. All are to be started, since each waits for the others until it
 * is closed. Rejects as gpuPool does, and where so many do not fit at once.
 */
export async function gpuPools(
  gpu: Gpu,
  { engine, experiments }: { readonly engine: Engine; readonly experiments: readonly Experiment[] },
): Promise<StartPool[]> {
  const ensemble = await GpuEnsemble.start(gpu, { engine, experiments });
  return experiments.map((_, i) => ensemble.member(i));
}
