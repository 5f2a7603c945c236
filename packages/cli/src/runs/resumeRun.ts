// A run that was stopped, killed or failed goes on in its folder, with the same bits as if it had never ended.
import { existsSync } from 'node:fs';
import { printable, shortened } from '@induction-lab/core/internal/printable';
import { type Engine, loadEngine, Model } from '@induction-lab/core/node';
import { badInput, CommandError, EXIT } from '../errors.ts';
import { shellWord } from '../terminal/shellWord.ts';
import { chooseGpu, sameGpu } from './gpuChoice.ts';
import { kernelsChanged } from './kernels.ts';
import type { MetricsRecord } from './metrics.ts';
import { sameData } from './runData.ts';
import { RunFolder } from './runFolder.ts';
import type { RunInfo, RunOptions } from './runInfo.ts';
import { checkState } from './savedState.ts';
import { TrainRun, type TrainRunOptions, type TrainRunResult, USUAL_OPTIONS } from './trainRun.ts';

/** What `resumeFolder` takes from the command line; the rest is in the folder. */
export type ResumeOptions = Pick<TrainRunOptions, 'quiet' | 'json' | 'signal'> & {
  readonly folder: string;
  readonly exact: boolean;
  /** Where its data lies now, if it has moved. */
  readonly data?: string | undefined;
  /** What is to be logged otherwise than the run was begun with. */
  readonly given: Partial<RunOptions>;
};

/**
 * Continues a stopped, killed or failed run with the same bits as if it had never ended, logged as it was begun. Refuses
 * what cannot be continued before anything in the folder changes. The folder is released in the end.
 */
export async function resumeFolder(options: ResumeOptions): Promise<TrainRunResult> {
  const { exact, given, quiet, json, signal } = options;
  const folder = new RunFolder(options.folder);
  folder.readInfo(); // a folder without a run is not touched, not even by a lock
  await folder.hold({ signal, onWait: (sentence) => void process.stderr.write(`${sentence}\n`) });
  try {
    const info = folder.readInfo();
    const engine = await sameEngine(info, { exact, folder });
    const { experiment, seed } = info;
    const state = folder.readState();
    if (state)
      checkState(state, info, { shapes: new Model(engine, experiment.model).getWeights(), file: folder.statePath });
    const metrics = folder.readMetrics(); // refuses lines that are no records
    const gaps = gapsIn(metrics, state?.step ?? 0);
    const kept = { csv: existsSync(folder.csvPath), ...info.options };
    const logged = { ...USUAL_OPTIONS, ...kept, ...given };
    if (info.status === 'done' && state?.step === experiment.training.steps) {
      if (logged.csv) folder.writeCsv();
      const { backend, seconds, threads, checkpoint = null } = info;
      return {
        status: 'done',
        step: state.step,
        seconds,
        threads,
        folder,
        weights: state.weights,
        checkpoint,
        backend,
      };
    }
    const data = await sameData(info, { folder, moved: options.data });
    if (gaps !== null && !quiet) process.stderr.write(`${printable(folder.file('metrics.jsonl'))} ${gaps}\n`);
    const changed = state && kernelsChanged(info);
    if (changed && !quiet) process.stderr.write(`${printable(folder.path)} ${changed}\n`);
    folder.removeUnfinished();
    folder.cutMetrics(metrics, state?.step ?? 0);
    const chosen = await chooseGpu(logged.gpu, { engine, experiment });
    if (info.gpu && !sameGpu(info.gpu, chosen) && !quiet)
      process.stderr.write(
        `${printable(folder.path)} was trained on the GPU ${printable(info.gpu.adapter)}; it goes on elsewhere, and may end with other last bits than a run in one go.\n`,
      );
    return await new TrainRun(
      { ...logged, engine, experiment, seed, ...(data ? { data } : {}), chosen, folder, quiet, json, signal },
      { info, state },
    ).run();
  } finally {
    folder.release();
  }
}

/** What the log of the steps so far lacks, in words; null when every step is there once, in order. */
function gapsIn(metrics: readonly MetricsRecord[], last: number): string | null {
  const steps = metrics.flatMap(({ step, loss }) => (loss === undefined || step > last ? [] : [step]));
  if (steps.length === last && steps.every((step, i) => step === i + 1)) return null;
  const missing = last - new Set(steps).size;
  return missing > 0
    ? `lacks ${missing.toLocaleString('en')} of the ${last.toLocaleString('en')} steps that this run has done; it goes on, and they stay missing.`
    : 'holds steps twice or out of order; the run goes on, and they stay so.';
}

/** The build of the kernels that a run was begun with: another gives other bits. */
async function sameEngine(
  { backend, versions }: RunInfo,
  { exact, folder }: { exact: boolean; folder: RunFolder },
): Promise<Engine> {
  if (exact && backend !== 'simd')
    throw badInput(
      `${folder.path} was trained with the ${backend} build; resume it without --exact, or start anew with it.`,
    );
  const engine = await loadEngine({ exact: backend === 'simd' });
  if (engine.backend !== backend)
    throw badInput(
      `${folder.path} was trained with the ${backend} build, which this Node does not run; resume it with Node ${shortened(printable(versions.node), 20)} or start anew with --exact.`,
    );
  return engine;
}

/** How to go on with a run that was stopped, as it can be pasted into a shell. */
export const resumeHint = (folder: string): string => `npx induction-lab train --resume ${shellWord(folder)}`;

export const stoppedError = (result: TrainRunResult, steps: number): CommandError =>
  new CommandError(
    `Stopped after step ${result.step} of ${steps}; saved in ${result.folder.path}. Go on with: ${resumeHint(result.folder.path)}`,
    EXIT.interrupted,
  );
