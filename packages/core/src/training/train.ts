// Training on whatever the experiment asks for, data included. What reads data comes with it: trainLoop.ts does without.
import { readyData } from './data/checkData.ts';
import { checkTrainOptions } from './trainChecks.ts';
import { type TrainingOutcome, type TrainOptions, trainOn } from './trainLoop.ts';

/**
 * Trains to the experiment's last step, or until `signal` aborts. Rejects with an ArgumentError for an option that cannot be
 * meant, a NonFiniteLossError, whatever the observer throws, and an Error when a thread dies.
 */
export async function train(options: TrainOptions): Promise<TrainingOutcome> {
  checkTrainOptions(options);
  return trainOn(readyData(options.data, options.experiment), options);
}
