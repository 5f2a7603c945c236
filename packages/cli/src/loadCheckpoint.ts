import { decodeCheckpoint, type Engine, Model } from '@induction-lab/core/node';
import { badInput } from './errors.ts';
import { readInput, readJson } from './files.ts';

/** A model from a checkpoint file that the user named. */
export function loadCheckpoint(engine: Engine, path: string, modelConfig: string | undefined): Model {
  const bytes = readInput(path, 'checkpoint');
  const options = modelConfig === undefined ? {} : { config: readJson(modelConfig, 'model config') };
  const { config, weights } = decodeCheckpoint(bytes, path, options);
  const model = new Model(engine, config);
  model.setWeights(weights);
  return model;
}

/** Runs an analysis; what it says of the model (a context too short ...) is told with the checkpoint's name. */
export function blameCheckpoint<T>(checkpoint: string, analyse: () => T): T {
  try {
    return analyse();
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw badInput((error as Error).message.replace(/^\w+: /, `${checkpoint}: `));
  }
}
