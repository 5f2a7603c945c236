import * as z from 'zod/mini';
import { checkEngine } from '../engine/checkEngine.ts';
import type { Engine } from '../engine/engine.ts';
import type { Tensor } from '../engine/tensor.ts';
import { checkArgument } from '../errors/arguments.ts';
import type { ModelConfig } from '../model/config.ts';
import { Model } from '../model/model.ts';
import { blankWeights, namedCopies, Parameters, weightsOf } from '../model/parameters.ts';
import { RandomStream } from '../random/randomStream.ts';
import { STREAMS } from '../random/streams.ts';
import { checkExperiment } from './checkExperiment.ts';
import type { Experiment } from './experiment.ts';

/**
 * Draws initial weights: matrices N(0, std²), every number a function of (seed, tensor, element); biases 0, LayerNorm
 * gains 1, fixed position tables as they are. The same bits on every machine.
 */
export function initialize(config: ModelConfig, weights: Parameters, options: { seed: number; std: number }): void {
  blankWeights(config, weights);
  [...weightsOf(config)].forEach(({ start }, index) => {
    if (start !== 'random') return;
    const tensor = weights.all[index] as Tensor;
    const random = new RandomStream(options.seed, STREAMS.initialWeights, index);
    tensor.set(Float64Array.from({ length: tensor.size }, () => options.std * random.normal()));
  });
  weights.changed();
}

/**
 * The untrained model: the weights from which a run of this experiment and seed starts. Throws an ArgumentError for JSON.
 * @param seed The run's seed.
 */
export function initialModel(engine: Engine, experiment: Experiment, seed: number): Model {
  checkEngine(engine, 'initialModel');
  checkExperiment(experiment, 'initialModel');
  checkArgument('initialModel', 'seed', z.int().check(z.minimum(0)), seed);
  const weights = new Parameters(experiment.model, engine.createArena());
  initialize(experiment.model, weights, { seed, std: experiment.training.initStd });
  const model = new Model(engine, experiment.model);
  model.setWeights(namedCopies(weights));
  return model;
}
