// Models of TransformerLens 4's own, under each spelling of their names, against the logits that it computes in float64
// (scripts/golden/transformerLens4.py).
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { distance } from '../../../test/support/golden.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { Model } from '../model.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

const GOLDEN = fileURLToPath(new URL('../../../test/golden/transformerLens4', import.meta.url));
const { models } = JSON.parse(readFileSync(`${GOLDEN}/logits.json`, 'utf8')) as {
  models: Record<string, { tokens: number[][]; logits: number[] }>;
};
const fileOf = (name: string, spelling: string): Uint8Array =>
  readFileSync(`${GOLDEN}/${name}.${spelling}.safetensors`);

describe.for(Object.entries(models))('%s', ([name, { tokens, logits }]) => {
  test.for(['bridge', 'native', 'wrapped'])('under its %s names has the logits that it computes', (spelling) => {
    const { config, weights } = decodeCheckpoint(fileOf(name, spelling), spelling);
    const model = new Model(referenceEngine, config);
    model.setWeights(weights);
    // It computes norms and rotary angles in float32.
    expect(distance(model.run(tokens).logits, logits)).toBeLessThan(1e-5);
  });
});

test('a weight that stands several times inside the bridge must be the same each time', () => {
  const { tensors, metadata } = decodeSafetensors(fileOf('mlp', 'wrapped'), 'a');
  const name = Object.keys(tensors)
    .filter((key) => key.endsWith('fc_in._original_component.weight'))
    .at(-1)!;
  const changed = { ...tensors, [name]: { ...tensors[name]!, data: tensors[name]!.data.map((x) => x + 1) } };
  expect(() => decodeCheckpoint(encodeSafetensors(changed, metadata), 'a')).toThrow(/holds the same weight twice/);
});
