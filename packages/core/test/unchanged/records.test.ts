// What the analyses say of three models, number by number, and every activation and gradient of one batch.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { randomTokens } from '../support/models.ts';
import { fileOf, MODELS } from './models.ts';
import {
  ABLATION_KINDS,
  ablationEffects,
  activationPatching,
  audit,
  CORRUPTIONS,
  compositionScores,
  corruptedPair,
  encodeCheckpoint,
  expectUnchanged,
  fixture,
  hashesIn,
  hashNamed,
  hashOf,
  headCircuits,
  type Model,
  measureCheckpoint,
  pathTable,
  prove,
  WeightCircuits,
} from './support.ts';

/** Few sequences: that their numbers stay is the question here, not what they mean. */
const FEW = { sequences: 4, seed: 3 };
const SOME = { sequences: 8, seed: 3 };
const PERIOD = 9;

/** An audit with the first places of its map, and the rest of them as a hash: there are more than a hundred. */
function audited(model: Model): unknown {
  const { map, ...record } = audit(model, FEW);
  const all = Float64Array.from(
    map.cells.flatMap(({ solution, attention, ...numbers }) => [...Object.values(numbers), ...attention]),
  );
  return { ...record, map: { ...map, cells: [...map.cells.slice(0, 4), `${map.cells.length}, ${hashOf(all)}`] } };
}

const RECORDS: Readonly<Record<string, (model: Model) => unknown>> = {
  audit: audited,
  proof: (model) => prove(model, { ...SOME, audit: audit(model, FEW) }),
  paths: (model) => ({ zero: pathTable(model, SOME), mean: pathTable(model, { ...SOME, by: 'mean' }) }),
  patching: (model) =>
    Object.fromEntries(
      CORRUPTIONS.map((corruption) => {
        const pair = corruptedPair({ config: model.config, count: 3, seed: 3 }, PERIOD, corruption);
        // By position where one position tells: elsewhere the record would be long and no other code runs.
        return [corruption, activationPatching(model, pair, { byPosition: corruption === 'change-match' })];
      }),
    ),
  ablation: (model) =>
    Object.fromEntries(ABLATION_KINDS.map((kind) => [kind, ablationEffects(model, { ...SOME, kind })])),
  dynamics: (model) => measureCheckpoint(model, { ...FEW, step: 5 }),
  weights: (model) => {
    const circuits = new WeightCircuits(model.config, model.getWeights());
    return { heads: headCircuits(circuits), composition: compositionScores(circuits, { draws: 6, seed: 3 }) };
  },
};

describe.for(MODELS)('the model $name', ({ name, model }) => {
  test.for(Object.keys(RECORDS))('%s: the same record', (analysis) => {
    expectUnchanged(`${fileOf(name)}.${analysis}.json`, RECORDS[analysis]!(model));
  });

  test('every activation, its gradient and those of the weights are the same', () => {
    const { nCtx, dVocab } = model.config;
    const tokens = randomTokens({ sequences: 3, length: nCtx - 3 }, dVocab);
    const usual = model.runWithCache(tokens);
    const all = model.runWithCache(tokens, { names: '**' });
    const gradients = model.runWithGradients(tokens, { names: '**' });
    const some = model.runWithGradients(tokens, { queries: [4, 11] });
    expectUnchanged(`${fileOf(name)}.activations.json`, {
      logits: hashOf(model.run(tokens).logits),
      losses: hashOf(usual.lossPerPosition),
      usual: hashesIn(usual.cache),
      all: hashesIn(all.cache),
      weightGradients: Object.fromEntries(
        Object.entries(gradients.gradients).map(([weight, { shape, data }]) => [weight, `[${shape}] ${hashOf(data)}`]),
      ),
      activationGradients: hashesIn(gradients.activationGradients),
      weightGradientsOfSomeQueries: hashNamed(some.gradients),
    });
  });
});

test.for(MODELS.slice(1))('the checkpoint $name is written with the bytes that it was read from', ({ name, model }) => {
  const written = encodeCheckpoint(model.config, model.getWeights());
  expect(Buffer.compare(readFileSync(fixture(`${fileOf(name)}.safetensors`)), written)).toBe(0);
});
