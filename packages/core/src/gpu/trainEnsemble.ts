// Many runs at once: seeds and settings of one shape are one ensemble, whose members share every dispatch.
import { ArgumentError } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import type { Experiment } from '../training/experiment.ts';
import { train } from '../training/train.ts';
import type { TrainingOutcome, TrainOptions } from '../training/trainLoop.ts';
import { type Gpu, GpuError } from './adapter.ts';
import { membersThatFit } from './buffers.ts';
import { GpuEnsemble } from './ensemble.ts';
import { layoutOf } from './layout.ts';
import { refusalOf } from './refusal.ts';

/** A run of an ensemble: what `train` is given, without who carries out its steps. */
export type EnsembleRun = Omit<TrainOptions, 'startPool' | 'threads'>;

/**
 * Trains runs on the GPU, each as `train` does with its own observer, pauses, signal and state to resume from. Those with
 * models and batches of one size train together, as many as fit; seeds, tasks, rates, schedules and steps may differ. One
 * that fails does not disturb the others. Resolves to how each run ended, in their order: a GpuError is the reason of one
 * that the GPU does not train, and nothing of it has begun.
 * @returns The outcome of each run, in their order.
 * @throws a GpuError where the device is lost or refuses, and what `train` throws.
 */
export async function trainEnsemble(
  gpu: Gpu,
  runs: readonly EnsembleRun[],
): Promise<PromiseSettledResult<TrainingOutcome>[]> {
  if (!Array.isArray(runs))
    throw new ArgumentError(`trainEnsemble: runs must be an array of runs, got ${quoted(runs)}.`);
  const ended = new Map<EnsembleRun, PromiseSettledResult<TrainingOutcome>>();
  const trained = runs.filter((run) => {
    const refusal = refusalOf(run.experiment);
    if (refusal !== null) ended.set(run, { status: 'rejected', reason: new GpuError(refusal) });
    return refusal === null;
  });
  const most = trained.length > 0 ? await membersOf(gpu, trained) : 0;
  for (const together of ofOneShape(trained))
    for (const part of inParts(together, most)) {
      const results = await trainTogether(gpu, part);
      part.forEach((run, i) => void ended.set(run, results[i]!));
    }
  return runs.map((run) => ended.get(run)!);
}

/** How many members fit where the largest of the models has room. */
async function membersOf(gpu: Gpu, runs: readonly EnsembleRun[]): Promise<number> {
  const device = await gpu.open();
  const fitting = runs.map(({ experiment: { model, training } }) =>
    membersThatFit(layoutOf(model, training.batch), device.limits),
  );
  device.destroy();
  return Math.max(1, Math.min(...fitting));
}

/** What experiments have in common that can train in one ensemble, as text. */
export const shapeOf = ({ model, training }: Pick<Experiment, 'model' | 'training'>): string =>
  JSON.stringify([Object.entries(model).sort(), training.batch]);

/** Runs apart by what an ensemble has in common. */
function ofOneShape(runs: readonly EnsembleRun[]): EnsembleRun[][] {
  const shapes = new Map<string, EnsembleRun[]>();
  for (const run of runs) {
    const shape = shapeOf(run.experiment);
    shapes.set(shape, [...(shapes.get(shape) ?? []), run]);
  }
  return [...shapes.values()];
}

/** Parts of equal size, of at most so many. */
function inParts(runs: readonly EnsembleRun[], most: number): EnsembleRun[][] {
  const parts = Math.ceil(runs.length / most);
  return Array.from({ length: parts }, (_, i) =>
    runs.slice(Math.floor((i * runs.length) / parts), Math.floor(((i + 1) * runs.length) / parts)),
  );
}

async function trainTogether(gpu: Gpu, runs: readonly EnsembleRun[]): Promise<PromiseSettledResult<TrainingOutcome>[]> {
  let ensemble: GpuEnsemble;
  try {
    const { engine } = runs[0]!;
    ensemble = await GpuEnsemble.start(gpu, { engine, experiments: runs.map(({ experiment }) => experiment) });
  } catch (reason) {
    return runs.map(() => ({ status: 'rejected', reason }));
  }
  return Promise.allSettled(
    runs.map((run, i) => train({ ...run, threads: 1, startPool: ensemble.member(i) }).finally(() => ensemble.leave(i))),
  );
}
