import {
  type Checkpoint,
  decodeCheckpoint,
  decodeHuggingFace,
  type Engine,
  Model,
  NotFiniteError,
  openHuggingFaceFolder,
} from '@induction-lab/core/node';
import { badInput, CommandError, EXIT } from '../errors.ts';
import { type DrawnOptions, withDrawn } from './drawnTokens.ts';
import { type MeasuredFile, measuredFile, measuredFiles } from './provenance.ts';
import { readInput, readJson } from './wholeFiles.ts';

/** A model, and the file that it came from. */
export interface LoadedCheckpoint {
  readonly model: Model;
  readonly checkpoint: MeasuredFile;
}

/** What the user says of a checkpoint that its file does not. */
export interface GivenBeside extends DrawnOptions {
  /** Path of a TransformerLens config, or of a Hugging Face model's. */
  readonly modelConfig?: string | undefined;
}

/** A model from a checkpoint file that the user named, or from a folder as the Hugging Face hub holds models. */
export function loadCheckpoint(engine: Engine, path: string, given: GivenBeside = {}): LoadedCheckpoint {
  const { modelConfig, ...drawn } = given;
  const options = modelConfig === undefined ? {} : { config: readJson(modelConfig, 'model config') };
  const folder = openHuggingFaceFolder(path);
  if (folder) {
    const measured = measuredFiles(path, folder.configBytes);
    const files = measured.inTurn(folder.files);
    const decoded = decodeHuggingFace(options.config ?? folder.config, { ...folder, files });
    return { model: modelOf(engine, decoded, { path, drawn }), checkpoint: measured.done() };
  }
  const bytes = readInput(path, 'checkpoint');
  const decoded = decodeCheckpoint(bytes, path, options);
  return { model: modelOf(engine, decoded, { path, drawn }), checkpoint: measuredFile(path, bytes) };
}

function modelOf(
  engine: Engine,
  { config, weights }: Pick<Checkpoint, 'config' | 'weights'>,
  { path, drawn }: { path: string; drawn: DrawnOptions },
): Model {
  const model = new Model(engine, withDrawn(config, drawn, path));
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
