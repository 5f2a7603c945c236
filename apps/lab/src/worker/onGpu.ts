// Training on the GPU of this browser: a script of its own, which only those fetch who choose the GPU.
import type { Engine, Experiment, StartPool } from '@induction-lab/core/browser';
import { gpuPools, openBrowserGpu } from '@induction-lab/core/gpu';

import type { GpuChoice } from '../protocol.ts';

/** Pools of so many runs of an experiment, each to be started once, and the GPU that they are on. Rejects with a GpuError. */
export async function openEnsemble(
  choice: GpuChoice,
  { engine, experiment, count }: { readonly engine: Engine; readonly experiment: Experiment; readonly count: number },
): Promise<{ readonly pools: readonly StartPool[]; readonly gpu: string }> {
  const gpu = await openBrowserGpu({ software: choice === 'software' });
  const experiments = Array.from({ length: count }, () => experiment);
  return { pools: await gpuPools(gpu, { engine, experiments }), gpu: gpu.info.adapter };
}

/** The GPU for one run, which may begin again from a kept state: each time in a pool of its own. Rejects with a GpuError. */
export async function openRun(
  choice: GpuChoice,
  asked: { readonly engine: Engine; readonly experiment: Experiment },
): Promise<{ readonly startPool: StartPool; readonly gpu: string }> {
  const first = await openEnsemble(choice, { ...asked, count: 1 });
  let tested: StartPool | null = first.pools[0] ?? null;
  return {
    gpu: first.gpu,
    startPool: async (options) => {
      const start = tested ?? (await openEnsemble(choice, { ...asked, count: 1 })).pools[0]!;
      tested = null;
      return start(options);
    },
  };
}
