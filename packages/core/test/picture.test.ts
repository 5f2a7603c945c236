// One seed of preset `picture`: everything that the document promises, at once. sweeps/picture.json has sixteen.
import { expect, test } from 'vitest';
import { audit } from '../src/circuits/claims/audit.ts';
import { PICTURE_PROPERTIES } from '../src/circuits/claims/pictureProperties.ts';
import { Model } from '../src/model/model.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../src/node.ts';
import { pictureOf } from './support/picture.ts';

test('preset picture gives all five properties of the picture, and its checkpoint is measured with the start token', async () => {
  const { model, record, ...numbers } = await pictureOf('picture', 101);
  for (const [property, holds] of Object.entries(PICTURE_PROPERTIES))
    expect(holds(numbers), `${property}: ${JSON.stringify(numbers)}`).toBe(true);
  expect(record.verdict).toBe('induction');
  const read = decodeCheckpoint(encodeCheckpoint(model.config, model.getWeights()), 'picture.safetensors');
  expect(read.config.bos).toBe(64);
  const again = new Model(model.engine, read.config);
  again.setWeights(read.weights);
  expect(audit(again).verdict).toBe('induction');
}, 240_000);
