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

const HALVES = { rotaryDim: 4, rotaryBase: 100 } as const;
const SWIGLU = { dMlp: 7, actFn: 'silu', gatedMlp: true } as const;
const LLAMA_3 = { factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalCtx: 40 } as const;

/** Models with the parts that real language models have, as their families put them together. */
export const FAMILY_OPTIONS: readonly { label: string; options: Partial<ModelConfig> }[] = [
  { label: 'ReLU, no norm', options: { dMlp: 7, actFn: 'relu', normalization: null } },
  { label: 'like GPT-2', options: { dMlp: 7, actFn: 'gelu_new', biases: true, tied: true } },
  {
    label: 'like GPT-NeoX',
    options: { ...HALVES, positions: 'rotary', dMlp: 7, actFn: 'gelu', biases: true, parallelAttnMlp: true },
  },
  {
    label: 'like GPT-J',
    options: {
      ...{ positions: 'rotary', rotaryDim: 4, rotaryAdjacentPairs: true },
      ...{ dMlp: 7, actFn: 'gelu_new', parallelAttnMlp: true, normalization: null },
    },
  },
  {
    label: 'like Llama',
    options: {
      ...SWIGLU,
      positions: 'rotary',
      rotaryScaling: LLAMA_3,
      normalization: 'RMS',
      nKeyValueHeads: 1,
      tied: true,
    },
  },
  {
    label: 'GEGLU with biases',
    options: { positions: 'rotary', normalization: 'RMS', dMlp: 7, actFn: 'gelu', gatedMlp: true, biases: true },
  },
  {
    label: 'like Qwen 3',
    options: { ...SWIGLU, positions: 'rotary', normalization: 'RMS', nKeyValueHeads: 1, qkNorm: true },
  },
  { label: 'RMSNorm, attention only', options: { positions: 'shortformer', normalization: 'RMS', nKeyValueHeads: 1 } },
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
        data: Array.from(data, () =>
          Math.fround((/\bln(1|2|_final)\.w$/.test(name) ? 1 : 0) + spread * random.normal()),
        ),
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
