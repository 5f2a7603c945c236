// Small models of odd sizes, every kind of position with and without LayerNorm, biases and tied embeddings: what they
// begin with, compute and learn, to the last bit on both engines.
import { expect, test } from 'vitest';
import { POSITION_OPTIONS, randomModel, randomTokens } from '../support/models.ts';
import {
  type Engine,
  exact,
  expectUnchanged,
  hashAll,
  hashNamed,
  hashOf,
  initialModel,
  type ModelOptions,
  parseExperiment,
  referenceEngine,
  startInline,
  train,
} from './support.ts';

interface Case {
  readonly label: string;
  readonly options: ModelOptions;
  readonly training: object;
}

/** What there was when the numbers were recorded. */
const RECORDED = POSITION_OPTIONS.filter(({ label }) => label !== 'alibi');

/** 1 to 3 layers in turn; each pair of biases and tied embeddings meets every position and normalization. */
const CASES: readonly Case[] = RECORDED.flatMap(({ label, options }, i) =>
  (['LN', null] as const).flatMap((normalization, j) =>
    [false, true].map((biases, k): Case => {
      const index = 4 * i + 2 * j + k;
      const tied = (i + j + k) % 2 === 1;
      const parts = [normalization ?? 'no LN', ...(biases ? ['biases'] : []), ...(tied ? ['tied'] : [])];
      return {
        label: [label, ...parts].join(', '),
        options: {
          ...{ nLayers: 1 + (index % 3), nHeads: 3, dModel: 11, dHead: 5, nCtx: 17, dVocab: 13 },
          ...{ ...options, normalization, biases, tied },
          ...(k === 0 ? { attnScale: 1.7 } : {}),
        },
        training: {
          schedule: ['constant', 'linear', 'cosine'][index % 3],
          clipNorm: j === 0 ? 0.5 : null,
          competition: k === 0 ? 1.5 : 0,
          lossOn: i % 2 === 0 ? 'all' : 'predictable',
        },
      };
    }),
  ),
);

async function hashes(engine: Engine, { label, options, training }: Case): Promise<Record<string, string>> {
  const model = randomModel(engine, options);
  const tokens = randomTokens({ sequences: 3, length: 15 }, options.dVocab);
  const { logits, lossPerPosition } = model.run(tokens);
  const { gradients, activationGradients } = model.runWithGradients(tokens, { names: '**' });
  const experiment = parseExperiment({
    name: label,
    model: options,
    task: { kind: 'varied', periods: [3, 7] },
    training: { steps: 3, batch: 4, learningRate: 0.01, warmupSteps: 1, ...training },
  });
  const trained = await train({ engine, experiment, seed: 7, threads: 1, startPool: startInline() });
  return {
    initial: hashNamed(initialModel(engine, experiment, 7).getWeights()),
    weights: hashNamed(model.getWeights()),
    logits: hashOf(logits),
    losses: hashOf(lossPerPosition),
    activations: hashAll(model.runWithCache(tokens, { names: '**' }).cache),
    gradients: hashNamed(gradients),
    activationGradients: hashAll(activationGradients),
    'after 3 steps': hashNamed(trained.weights),
  };
}

test.for([
  { name: 'plain SIMD', engine: exact, file: 'configs.simd.json' },
  { name: 'float64 reference', engine: referenceEngine, file: 'configs.reference.json' },
])('on $name every model has the bits that it had', async ({ engine, file }) => {
  const table: Record<string, Record<string, string>> = {};
  for (const one of CASES) table[one.label] = await hashes(engine, one);
  expect(Object.keys(table)).toHaveLength(24);
  expectUnchanged(file, table);
});
