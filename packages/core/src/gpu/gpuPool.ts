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
  return (await GpuEnsemble.start(gpu, { engine, experiments: [experiment] })).member(0);
}

/**
 * Tests the GPU with a run's model, and gives it back. Rejects with a GpuError where it cannot train such a model, or computes
 * wrong gradients.
 */
export async function testGpu(
  gpu: Gpu,
  { engine, experiment }: { readonly engine: Engine; readonly experiment: Experiment },
): Promise<void> {
  (await GpuEnsemble.start(gpu, { engine, experiments: [experiment] })).leave(0);
}
