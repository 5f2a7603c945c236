import { printable, shortened } from '@induction-lab/core/internal/printable';
import {
  type Clamp,
  type Experiment,
  loadData,
  loadEngine,
  parameterCount,
  parseExperiment,
  type TokenType,
  withMlp,
  withSteps,
} from '@induction-lab/core/node';
import { badInput } from '../errors.ts';
import { loadPreset } from '../files/presets.ts';
import { provenance } from '../files/provenance.ts';
import { readExperiment } from '../files/readExperiment.ts';
import { readJson } from '../files/wholeFiles.ts';
import { freshRunFolder } from '../runs/freshFolder.ts';
import { type AskedGpu, checkGpu, chooseGpu } from '../runs/gpuChoice.ts';
import { resumeFolder, stoppedError } from '../runs/resumeRun.ts';
import type { LoadedData } from '../runs/runData.ts';
import { RunFolder } from '../runs/runFolder.ts';
import type { RunOptions } from '../runs/runInfo.ts';
import { type TrainRunResult, trainIntoFolder, USUAL_OPTIONS } from '../runs/trainRun.ts';
import { interruptSignal } from '../terminal/interrupt.ts';

export interface TrainCommandOptions {
  preset?: string;
  config?: string;
  data?: string;
  dataDtype?: TokenType;
  seed?: number;
  steps?: number;
  mlp?: number;
  threads?: number;
  out?: string;
  resume?: string;
  scoresEvery?: number;
  checkpointEvery?: number;
  clamp: readonly Clamp[];
  perPosition?: boolean;
  csv?: boolean;
  json?: boolean;
  exact?: boolean;
  gpu?: AskedGpu;
  quiet?: boolean;
}

/** `induction-lab train`: a new run, or a resumed one. */
export async function trainCommand(options: TrainCommandOptions): Promise<void> {
  const { resume, exact = false, json = false, quiet = false } = options;
  checkGpu(options);
  const { signal, dispose } = interruptSignal();
  const how = { given: givenOptions(options), json, quiet, signal };
  try {
    if (resume === undefined) tellDone(await begin(options, how), how);
    else {
      const clamp = options.clamp.length > 0 ? options.clamp : undefined;
      const { preset, config, seed, steps, mlp, out, data, dataDtype, gpu } = options;
      refuseWith('--resume', { preset, config, seed, steps, mlp, out, clamp, gpu, 'data-dtype': dataDtype });
      tellDone(await resumeFolder({ ...how, folder: resume, exact, data }), how);
    }
  } finally {
    dispose();
  }
}

interface How {
  readonly given: Partial<RunOptions>;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
}

/** What the command line says of how to log. */
function givenOptions({
  csv,
  perPosition,
  scoresEvery,
  checkpointEvery,
  threads,
}: TrainCommandOptions): Partial<RunOptions> {
  const all = { csv, perPosition, scoresEvery, checkpointEvery, threads };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

async function begin(options: TrainCommandOptions, { given, json, quiet, signal }: How): Promise<TrainRunResult> {
  const experiment = adjusted(chosenExperiment(options), options);
  const data = await givenData(experiment, options);
  const { name, training } = experiment;
  for (const [option, every] of [
    ['--scores-every', given.scoresEvery],
    ['--checkpoint-every', given.checkpointEvery],
  ] as const)
    if (every !== undefined && every > training.steps)
      throw badInput(
        `${option} ${every} is beyond the last step, ${training.steps}, so it would never act; leave it out.`,
      );
  const path = options.out ?? freshRunFolder(name.replace(/[^\w.-]+/g, '-').slice(0, 60));
  const folder = await RunFolder.claim(path, { signal });
  try {
    const engine = await loadEngine({ exact: options.exact ?? false });
    const seed = options.seed ?? 1;
    const chosen = await chooseGpu(options.gpu, { engine, experiment });
    const by = chosen ? `the GPU ${chosen.info.adapter} (experimental)` : `${engine.backend} kernels`;
    if (!json && !quiet)
      process.stderr.write(
        `${shortened(printable(name))}: ${parameterCount(experiment.model).toLocaleString('en')} parameters, ${training.steps} steps of ${training.batch} sequences, seed ${seed}, ${by}, into ${printable(path)}\n`,
      );
    const gpu = options.gpu === undefined ? {} : { gpu: options.gpu, chosen };
    const run = { engine, experiment, seed, ...(data ? { data } : {}), folder };
    return await trainIntoFolder({ ...USUAL_OPTIONS, ...given, ...run, ...gpu, json, quiet, signal });
  } finally {
    folder.release();
  }
}

function chosenExperiment({ preset, config }: TrainCommandOptions): Experiment {
  if (preset !== undefined && config !== undefined)
    throw badInput('--preset and --config both name an experiment; leave one of them out.');
  if (preset !== undefined) return loadPreset(preset);
  if (config !== undefined) return readExperiment(readJson(config, 'config'), config);
  throw badInput('train needs --preset NAME or --config FILE, or --resume DIR to continue a run; give one of them.');
}

function tellDone(result: TrainRunResult, { json, quiet }: How): void {
  const { status, step, seconds, folder, checkpoint, backend } = result;
  if (status === 'stopped') throw stoppedError(result, folder.readInfo().experiment.training.steps);
  const path = folder.checkpointPath(step);
  const done = {
    ...provenance(backend),
    status,
    step,
    seconds,
    folder: folder.path,
    checkpoint: path,
    ...(checkpoint ? { sha256: checkpoint.sha256 } : {}),
  };
  if (json) process.stdout.write(`${JSON.stringify(done)}\n`);
  else if (!quiet)
    process.stdout.write(`Done: ${step} steps in ${seconds.toFixed(1)} s. Checkpoint: ${printable(path)}\n`);
}

function refuseWith(option: string, others: Record<string, unknown>): void {
  const given = Object.entries(others).find(([, value]) => value !== undefined);
  if (given)
    throw badInput(
      `${option} continues a run as it was begun; leave out --${given[0]}, or start a new run without ${option}.`,
    );
}

/** The data that the command line names, if any. */
async function givenData(
  experiment: Experiment,
  { data, dataDtype }: Pick<TrainCommandOptions, 'data' | 'dataDtype'>,
): Promise<LoadedData | undefined> {
  if (data !== undefined) return loadData(data, { experiment, ...(dataDtype ? { dtype: dataDtype } : {}) });
  if (dataDtype !== undefined) throw badInput('--data-dtype says how a file of --data is stored; give that too.');
  if (experiment.task.kind === 'data')
    throw badInput('The experiment’s task is "data"; name what to train on with --data FILE.');
  return undefined;
}

/** The experiment with what the command line changes of it. Throws an ExperimentError when that does not go together. */
function adjusted(experiment: Experiment, { steps, mlp, clamp, data }: TrainCommandOptions): Experiment {
  const fed = data === undefined ? experiment : parseExperiment({ ...experiment, task: { kind: 'data' } });
  const widened = mlp === undefined ? fed : withMlp(fed, mlp);
  const stretched = steps === undefined ? widened : withSteps(widened, steps);
  if (clamp.length === 0) return stretched;
  const clamps = [...stretched.training.clamps, ...clamp];
  return parseExperiment({ ...stretched, training: { ...stretched.training, clamps } });
}
