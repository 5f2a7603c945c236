// Three models in which the circuit has formed: one written down, two trained and committed.
import { readFileSync } from 'node:fs';
import {
  decodeCheckpoint,
  encodeCheckpoint,
  exact,
  fixture,
  handBuiltInduction,
  keep,
  Model,
  parseExperiment,
  recording,
  startWorkers,
  train,
} from './support.ts';

const task = { kind: 'varied', periods: [5, 15] };
const sizes = { nLayers: 2, dModel: 30, dVocab: 22, nCtx: 34, positions: 'shortformer' };

/** What the committed checkpoints were trained by, with seed 1. */
const TRAINED = {
  'without LayerNorm': {
    model: { ...sizes, nHeads: 3, dHead: 10, normalization: null },
    training: { steps: 800, batch: 32, learningRate: 0.005, warmupSteps: 20 },
  },
  'with LayerNorm': {
    model: { ...sizes, nHeads: 4, dHead: 7, normalization: 'LN', biases: true },
    training: { steps: 500, batch: 32, learningRate: 0.01, warmupSteps: 20 },
  },
} as const;

/** A model's name as its fixtures begin. */
export const fileOf = (name: string): string => name.replaceAll(' ', '-');

async function trained(name: keyof typeof TRAINED): Promise<Model> {
  const file = `${fileOf(name)}.safetensors`;
  if (recording) {
    const experiment = parseExperiment({ name, task, ...TRAINED[name] });
    const { weights } = await train({ engine: exact, experiment, seed: 1, threads: 2, startPool: startWorkers() });
    keep(file, encodeCheckpoint(experiment.model, weights));
  }
  const { config, weights } = decodeCheckpoint(readFileSync(fixture(file)), file);
  const model = new Model(exact, config);
  model.setWeights(weights);
  return model;
}

export const MODELS: readonly { name: string; model: Model }[] = [
  { name: 'hand-built', model: handBuiltInduction(exact, { dVocab: 19, nCtx: 22 }) },
  { name: 'without LayerNorm', model: await trained('without LayerNorm') },
  { name: 'with LayerNorm', model: await trained('with LayerNorm') },
];
