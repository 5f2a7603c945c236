// Training on whatever the experiment asks for, data included. What reads data comes with it: trainLoop.ts does without.
import { readyData } from './data/checkData.ts';
import { checkTrainOptions } from './trainChecks.ts';
import { type TrainingOutcome, type TrainOptions, trainOn } from './trainLoop.ts';

/**
 * Trains to the experiment's last step, or until `signal` aborts. Rejects with an ArgumentError for an option that cannot be
 * meant, a NonFiniteLossError, whatever the observer throws, and an Error when a thread dies.
 * @example
 * ```ts
 * import { loadEngine, parseExperiment, startInline, train } from '@induction-lab/core/node';
 *
 * const experiment = parseExperiment({
 *   name: 'tiny',
 *   model: {
 *     ...{ nLayers: 2, nHeads: 2, dModel: 16, dHead: 8, nCtx: 12, dVocab: 8 },
 *     ...{ positions: 'shortformer', normalization: 'LN' },
 *   },
 *   task: { kind: 'varied', periods: [3, 6] },
 *   training: { steps: 5, batch: 8, learningRate: 0.01 },
 * });
 * const engine = await loadEngine({ shared: false });
 * const { weights, step } = await train({ engine, experiment, seed: 1, threads: 1, startPool: startInline() });
 * console.log(step, Object.keys(weights));
 * ```
 */
export async function train(options: TrainOptions): Promise<TrainingOutcome> {
  checkTrainOptions(options);
  return trainOn(readyData(options.data, options.experiment), options);
}
