// The data that a run trains on, where that is no task: loaded, noted in run.json, and found again.
import { resolve } from 'node:path';
import { dataSegments } from '@induction-lab/core/internal';
import { printable } from '@induction-lab/core/internal/printable';
import { type Experiment, loadData, type Segment, segmentsOf } from '@induction-lab/core/node';
import { badInput } from '../errors.ts';
import type { DataInfo, RunInfo } from './runInfo.ts';

/** Data from a file, with its hash. */
export type LoadedData = Awaited<ReturnType<typeof loadData>>;

/** What run.json says of data: where it lies, what it is, and what its losses are told by. */
export function dataInfo(data: LoadedData | undefined): DataInfo | undefined {
  if (data === undefined) return undefined;
  const { path, ...known } = data.origin;
  return { path: resolve(path), ...known, segments: dataSegments(data) };
}

/** The segments by which a run's losses are told. */
export const segmentsOfRun = (experiment: Experiment, data: DataInfo | null | undefined): readonly Segment[] =>
  data ? data.segments : segmentsOf(experiment.task);

/** The data that a run was begun with; undefined where it trains on a task. Refuses a file that is another one by now. */
export async function sameData(
  { experiment, data: known }: RunInfo,
  { folder, moved }: { folder: { readonly path: string }; moved: string | undefined },
): Promise<LoadedData | undefined> {
  const name = printable(folder.path);
  if (!known) {
    if (moved !== undefined) throw badInput(`${name} was trained on a task, not on data; resume it without --data.`);
    if (experiment.task.kind === 'data')
      throw badInput(`${name} was trained on data that its run.json does not name; put back what train wrote.`);
    return undefined;
  }
  const path = moved ?? known.path;
  const data = await loadData(path, { experiment, ...(known.dtype ? { dtype: known.dtype } : {}) });
  if (data.origin.sha256 !== known.sha256)
    throw badInput(
      `${printable(path)} is not the file that ${name} was trained on (its SHA-256 begins with ${data.origin.sha256.slice(0, 12)}, that one with ${known.sha256.slice(0, 12)}); put it back, or name where it lies with --data.`,
    );
  return data;
}
