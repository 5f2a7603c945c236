import { type Experiment, ExperimentError, parseExperiment } from '@induction-lab/core/node';
import { badInput } from '../errors.ts';

/** An experiment from parsed JSON; what is wrong with it is told with the file's name. */
export function readExperiment(json: unknown, path: string): Experiment {
  try {
    return parseExperiment(json);
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    throw badInput(`${path}: ${error.message}`);
  }
}
