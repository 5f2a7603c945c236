import { type Experiment, parseExperiment } from '../../src/training/experiment.ts';

/** An experiment of odd sizes that trains in a moment; parts of it may be replaced. */
export function smallExperiment(changes: { model?: object; task?: object; training?: object } = {}): Experiment {
  return parseExperiment({
    name: 'small',
    model: {
      nLayers: 2,
      nHeads: 3,
      dModel: 22,
      dHead: 6,
      nCtx: 26,
      dVocab: 17,
      positions: 'shortformer',
      normalization: 'LN',
      ...changes.model,
    },
    task: { kind: 'varied', periods: [5, 12], ...changes.task },
    training: { steps: 200, batch: 7, learningRate: 0.01, warmupSteps: 10, ...changes.training },
  });
}
