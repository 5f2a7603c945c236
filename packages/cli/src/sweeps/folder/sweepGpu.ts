// The GPU of a sweep: found when it begins, tested with every shape of model that it is to train.

import { printable } from '@induction-lab/core/internal/printable';
import { type Experiment, loadEngine } from '@induction-lab/core/node';
import type { Gpu } from '@induction-lab/core/node-gpu';
import { badInput } from '../../errors.ts';
import { type AskedGpu, checkGpu } from '../../runs/gpuChoice.ts';
import { experimentAt, pointsOf } from '../definition/points.ts';
import type { Sweep } from '../definition/sweep.ts';
import type { TrainsOnGpu } from '../jobs/plan.ts';

export interface SweepGpu {
  readonly gpu: Gpu;
  readonly trains: TrainsOnGpu;
}

/**
 * The GPU that was asked for, where it trains some of the sweep and computes what the CPU does; null, and a sentence, where
 * the CPU is to train. Throws a CommandError where the same bits are promised.
 */
export async function chooseSweepGpu(
  asked: AskedGpu,
  sweep: Sweep,
  { file, say }: { file: string; say: (sentence: string) => void },
): Promise<SweepGpu | null> {
  checkGpu({ gpu: asked, exact: sweep.backend === 'simd' });
  const { GpuError, gpuRefusal, openGpu, shapeOf, testGpu } = await import('@induction-lab/core/node-gpu');
  const trains: TrainsOnGpu = (experiment) => gpuRefusal(experiment) === null;
  const experiments = pointsOf(sweep).map((point) => experimentAt(sweep, point, file));
  const shapes = new Map<string, Experiment>(experiments.filter(trains).map((one) => [shapeOf(one), one]));
  const refused = experiments.filter((experiment) => !trains(experiment));
  if (refused.length > 0) {
    const which = refused.length === experiments.length ? 'all' : `${refused.length} of ${experiments.length}`;
    say(`${gpuRefusal(refused[0]!)} The CPU trains ${which} settings of the sweep.`);
  }
  if (shapes.size === 0) return null;
  try {
    const gpu = await openGpu(asked === true ? {} : { name: asked });
    const engine = await loadEngine({ shared: false });
    for (const experiment of shapes.values()) await testGpu(gpu, { engine, experiment });
    return { gpu, trains };
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    say(`${error.message} The CPU trains.`);
    return null;
  }
}

/** The GPU that a sweep has begun on. Throws a CommandError where it is not there: another one would give other bits. */
export async function sameSweepGpu({ gpu: info, gpuName }: Sweep, folder: string): Promise<Gpu> {
  const { GpuError, openGpu } = await import('@induction-lab/core/node-gpu');
  const before = info!;
  const gpu = await openGpu(gpuName === undefined ? {} : { name: gpuName }).catch((error: unknown) => {
    if (!(error instanceof GpuError)) throw error;
    throw badInput(
      `${printable(folder)} was begun on the GPU ${before.adapter}: ${error.message} Go on where it is, or choose another --out.`,
    );
  });
  const { adapter, driver } = gpu.info;
  if (adapter !== before.adapter || driver !== before.driver)
    throw badInput(
      `${printable(folder)} was begun on the GPU ${before.adapter} (${before.driver}), here is ${adapter} (${driver}); go on there, or choose another --out.`,
    );
  return gpu;
}
