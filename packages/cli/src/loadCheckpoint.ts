import { decodeCheckpoint, type Engine, Model } from '@induction-lab/core/node';
import { badInput } from './errors.ts';
import { readInput, readJson } from './files.ts';

/** A model from a checkpoint file that the user named. */
export function loadCheckpoint(engine: Engine, path: string, modelConfig: string | undefined): Model {
  const bytes = readInput(path, 'checkpoint');
  const options = modelConfig === undefined ? {} : { config: readJson(modelConfig, 'model config') };
  const { config, weights } = decoded(bytes, path, options);
  const model = new Model(engine, config);
  model.setWeights(weights);
  return model;
}

/** Decodes; whatever a corrupt file makes the decoder stumble over is told as such. */
function decoded(...[bytes, path, options]: Parameters<typeof decodeCheckpoint>): ReturnType<typeof decodeCheckpoint> {
  try {
    return decodeCheckpoint(bytes, path, options);
  } catch (error) {
    const { message } = error as Error;
    throw badInput(message.includes(path) ? message : `${path} is no readable checkpoint (${message}); save it again.`);
  }
}
