import { printable } from '@induction-lab/core/internal/printable';
import { badInput } from '../../errors.ts';
import type { OpenSweep } from '../folder/openSweep.ts';

/** Throws a CommandError where a sweep trains on a GPU and what was asked for cannot. */
export function refuseGpu({ sweep, folder }: Pick<OpenSweep, 'sweep' | 'folder'>, why: string): void {
  if (sweep.gpu)
    throw badInput(
      `${printable(folder.path)} trains on the GPU ${sweep.gpu.adapter}, and ${why}; leave that out, or begin the sweep on the CPU in another --out.`,
    );
}
