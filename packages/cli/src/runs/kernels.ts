// Which versions of the kernels have trained a run: those of one version agree to the last bit.
import { KERNELS_VERSION } from '@induction-lab/core/node';
import type { RunInfo } from './runInfo.ts';

/** Records before version 2 name none. */
const versionOf = ({ kernels = 1 }: RunInfo): number => kernels;

/** What to say, after the folder's name, of a run that goes on with other kernels than it was trained with; else null. */
export const kernelsChanged = (info: RunInfo): string | null =>
  versionOf(info) === KERNELS_VERSION
    ? null
    : `was trained with version ${versionOf(info)} of the kernels, this program has version ${KERNELS_VERSION}: it goes on, and may end with other last bits than a run in one go.`;

/** Versions besides this program's that have trained some of a run's steps; null for none. */
export function earlierKernels(info: RunInfo | undefined): number[] | null {
  if (!info || info.step === 0) return null;
  const versions = new Set([...(info.earlierKernels ?? []), versionOf(info)]);
  versions.delete(KERNELS_VERSION);
  return versions.size > 0 ? [...versions] : null;
}
