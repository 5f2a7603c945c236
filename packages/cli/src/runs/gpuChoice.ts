// The GPU where it was asked for and can train a run; where it cannot, the CPU trains, which is said.
import type { Engine, Experiment, StartPool } from '@induction-lab/core/node';
import type { GpuInfo } from '@induction-lab/core/node-gpu';
import { badInput } from '../errors.ts';

/** What `--gpu` says: any hardware, or an adapter by name. */
export type AskedGpu = true | string;

/** A GPU that passed its test with a run's model. */
export interface ChosenGpu {
  readonly info: GpuInfo;
  readonly startPool: StartPool;
}

/** Throws a CommandError where the same bits are promised and a GPU is asked for. */
export function checkGpu({ gpu, exact }: { gpu?: AskedGpu | undefined; exact?: boolean | undefined }): void {
  if (gpu !== undefined && exact)
    throw badInput('--exact promises the same bits on every machine, which no GPU gives; leave out --gpu, or --exact.');
}

/** Whether a run goes on where it was trained. */
export const sameGpu = (before: GpuInfo, chosen: ChosenGpu | null): boolean =>
  chosen?.info.adapter === before.adapter && chosen.info.driver === before.driver;

/** Null, and a sentence on stderr, where the CPU is to train. */
export async function chooseGpu(
  asked: AskedGpu | undefined,
  { engine, experiment }: { engine: Engine; experiment: Experiment },
): Promise<ChosenGpu | null> {
  if (asked === undefined) return null;
  const { GpuError, gpuPool, openGpu } = await import('@induction-lab/core/node-gpu');
  try {
    const gpu = await openGpu(asked === true ? {} : { name: asked });
    return { info: gpu.info, startPool: await gpuPool(gpu, { engine, experiment }) };
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    process.stderr.write(`${error.message} The CPU trains.\n`);
    return null;
  }
}
