import {
  type Clamp,
  type Experiment,
  loadEngine,
  parameterCount,
  parseExperiment,
  withSteps,
} from '@induction-lab/core/node';
import { badInput } from './errors.ts';
import { createFreshFolder, freshRunFolder, readJson } from './files.ts';
import { interruptSignal } from './interrupt.ts';
import { loadPreset } from './presets.ts';
import { readExperiment } from './runFolder.ts';
import { resumeFolder, stoppedError, type TrainRunResult, trainIntoFolder } from './trainRun.ts';

export interface TrainCommandOptions {
  preset?: string;
  config?: string;
  seed?: number;
  steps?: number;
  threads: number;
  out?: string;
  resume?: string;
  scoresEvery: number;
  checkpointEvery?: number;
  clamp: readonly Clamp[];
  perPosition?: boolean;
  csv?: boolean;
  json?: boolean;
  exact?: boolean;
  quiet?: boolean;
}

/** `induction-lab train`: a new run, or a resumed one. */
export async function trainCommand(options: TrainCommandOptions): Promise<void> {
  const { resume, preset, config, threads, scoresEvery } = options;
  const { json = false, quiet = false, csv = false, perPosition = false, exact = false } = options;
  const { signal, dispose } = interruptSignal();
  const checkpointEvery = options.checkpointEvery ?? 0;
  const common = { threads, scoresEvery, checkpointEvery, json, quiet, csv, perPosition, signal };
  try {
    let result: TrainRunResult;
    let steps: number;
    if (resume !== undefined) {
      const clamp = options.clamp.length > 0 ? options.clamp : undefined;
      refuseWith('--resume', { preset, config, seed: options.seed, steps: options.steps, out: options.out, clamp });
      result = await resumeFolder({ ...common, folder: resume, exact });
      steps = result.folder.readInfo().experiment.training.steps;
    } else {
      if (preset === undefined && config === undefined)
        throw badInput(
          'train needs --preset NAME or --config FILE, or --resume DIR to continue a run; give one of them.',
        );
      if (preset !== undefined && config !== undefined)
        throw badInput('--preset and --config both name an experiment; leave one of them out.');
      const experiment = adjusted(
        preset !== undefined
          ? loadPreset(preset)
          : readExperiment(readJson(config as string, 'config'), config as string),
        options,
      );
      steps = experiment.training.steps;
      const folder = options.out ?? freshRunFolder(experiment.name.replace(/[^\w.-]+/g, '-'));
      createFreshFolder(folder);
      const engine = await loadEngine({ exact });
      if (!json && !quiet)
        process.stderr.write(
          `${experiment.name}: ${parameterCount(experiment.model).toLocaleString('en')} parameters, ${steps} steps of ${experiment.training.batch} sequences, seed ${options.seed ?? 1}, ${engine.backend} kernels, into ${folder}\n`,
        );
      result = await trainIntoFolder({ ...common, engine, experiment, seed: options.seed ?? 1, folder });
    }
    if (result.status === 'stopped') throw stoppedError(result, steps);
    const done = {
      status: result.status,
      step: result.step,
      seconds: result.seconds,
      folder: result.folder.path,
      checkpoint: result.folder.checkpointPath(result.step),
    };
    if (json) process.stdout.write(`${JSON.stringify(done)}\n`);
    else if (!quiet)
      process.stdout.write(
        `Done: ${result.step} steps in ${result.seconds.toFixed(1)} s. Checkpoint: ${done.checkpoint}\n`,
      );
  } finally {
    dispose();
  }
}

function refuseWith(option: string, others: Record<string, unknown>): void {
  const given = Object.entries(others).find(([, value]) => value !== undefined);
  if (given)
    throw badInput(
      `${option} continues a run as it was begun; leave out --${given[0]}, or start a new run without ${option}.`,
    );
}

/** The experiment with what the command line changes of it. Throws an ExperimentError when that does not go together. */
function adjusted(experiment: Experiment, { steps, clamp }: Pick<TrainCommandOptions, 'steps' | 'clamp'>): Experiment {
  const stretched = steps === undefined ? experiment : withSteps(experiment, steps);
  if (clamp.length === 0) return stretched;
  const clamps = [...stretched.training.clamps, ...clamp];
  return parseExperiment({ ...stretched, training: { ...stretched.training, clamps } });
}
