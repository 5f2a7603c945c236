// Models with random weights, equal on every engine, whose every size is a different prime.
import type { Engine } from '../../src/engine/engine.ts';
import { type ModelConfig, type ModelOptions, modelConfig, POSITIONS } from '../../src/model/config.ts';
import { Model } from '../../src/model/model.ts';
import { learnedWeights, type NamedWeights } from '../../src/model/parameters.ts';
import { RandomStream } from '../../src/random/randomStream.ts';

/** Every positions scheme, rotary also with some dimensions that do not turn. */
export const POSITION_OPTIONS: readonly { label: string; options: Partial<ModelConfig> }[] = [
  ...POSITIONS.map((positions) => ({ label: positions, options: { positions } })),
  { label: 'rotary of 2 of the dimensions', options: { positions: 'rotary', rotaryDim: 2 } },
];

export interface Batch {
  sequences: number;
  length: number;
}

/** A model whose weights, LayerNorm and biases included, are random numbers that float32 holds exactly. */
export function randomModel(engine: Engine, options: ModelOptions, seed = 1): Model {
  const model = new Model(engine, options);
  const config = modelConfig(options);
  const learned = new Set(learnedWeights(config));
  const random = new RandomStream(seed, 1);
  // Of a size that neither dies out nor blows up over three layers, so that every part of a gradient counts.
  const spread = 0.9 / Math.sqrt(config.dModel);
  const weights = Object.entries(model.getWeights())
    .filter(([name]) => learned.has(name))
    .map(([name, { shape, data }]): [string, NamedWeights[string]] => [
      name,
      {
        shape,
        data: Array.from(data, () => Math.fround((/\bln(1|_final)\.w$/.test(name) ? 1 : 0) + spread * random.normal())),
      },
    ]);
  model.setWeights(Object.fromEntries(weights));
  return model;
}

export function randomTokens({ sequences, length }: Batch, dVocab: number, seed = 1): number[][] {
  const random = new RandomStream(seed, 2);
  return Array.from({ length: sequences }, () => Array.from({ length }, () => random.below(dVocab)));
}

/** Random numbers to go with an activation or a weight: the direction of a directional derivative. */
export function direction(size: number, seed: number): Float64Array {
  const random = new RandomStream(seed, 3);
  return Float64Array.from({ length: size }, () => random.normal());
}
