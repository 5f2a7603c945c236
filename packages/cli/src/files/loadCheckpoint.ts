import {
  type Checkpoint,
  decodeCheckpoint,
  decodeHuggingFace,
  type Engine,
  Model,
  NotFiniteError,
  openHuggingFaceFolder,
  printable,
} from '@induction-lab/core/node';
import { badInput, CommandError, EXIT } from '../errors.ts';
import { type MeasuredFile, measuredFile, measuredFiles } from './provenance.ts';
import { readInput, readJson } from './wholeFiles.ts';

/** A model, and the file that it came from. */
export interface LoadedCheckpoint {
  readonly model: Model;
  readonly checkpoint: MeasuredFile;
}

/** What the user says of a checkpoint that its file does not. */
export interface GivenBeside {
  /** Path of a TransformerLens config, or of a Hugging Face model's. */
  readonly modelConfig?: string | undefined;
  /** The start token that the model saw in front of every sequence. */
  readonly bos?: number | undefined;
}

/** A model from a checkpoint file that the user named, or from a folder as the Hugging Face hub holds models. */
export function loadCheckpoint(engine: Engine, path: string, { modelConfig, bos }: GivenBeside = {}): LoadedCheckpoint {
  const options = modelConfig === undefined ? {} : { config: readJson(modelConfig, 'model config') };
  const folder = openHuggingFaceFolder(path);
  if (folder) {
    const measured = measuredFiles(path, folder.configBytes);
    const files = measured.inTurn(folder.files);
    const decoded = decodeHuggingFace(options.config ?? folder.config, { ...folder, files });
    return { model: modelOf(engine, decoded, { path, bos }), checkpoint: measured.done() };
  }
  const bytes = readInput(path, 'checkpoint');
  const decoded = decodeCheckpoint(bytes, path, options);
  return { model: modelOf(engine, decoded, { path, bos }), checkpoint: measuredFile(path, bytes) };
}

function modelOf(
  engine: Engine,
  { config, weights }: Pick<Checkpoint, 'config' | 'weights'>,
  { path, bos }: { path: string; bos: number | undefined },
): Model {
  if (bos !== undefined && bos >= config.dVocab)
    throw badInput(
      `--bos ${bos} is no token of ${printable(path)}, which has 0 to ${config.dVocab - 1}; name one of them.`,
    );
  const model = new Model(engine, bos === undefined ? config : { ...config, bos });
  model.setWeights(weights);
  return model;
}

/**
 * Runs an analysis; what it says of the model (a context too short ...) is told with the checkpoint's name. Outputs that
 * are not finite are a failure, not bad input: the file is read as it should be, and there is nothing to measure.
 */
export function blameCheckpoint<T>(checkpoint: string, analyse: () => T): T {
  try {
    return analyse();
  } catch (error) {
    // A full memory, a fault of ours, and what is a sentence of its own already say the right thing.
    if (error instanceof RangeError || error instanceof TypeError || error instanceof CommandError) throw error;
    const { message } = error as Error;
    if (error instanceof NotFiniteError)
      throw new CommandError(`${checkpoint}: ${message.replace(/^\w+: /, '')}`, EXIT.failed);
    throw badInput(message.replace(/^\w+: /, `${checkpoint}: `));
  }
}
