// Models in files: what is saved is loaded again, bit for bit, and what cannot be is refused in a sentence.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { randomModel, randomTokens } from '../test/support/models.ts';
import {
  decodeCheckpoint,
  decodeSafetensors,
  encodeSafetensors,
  FileFormatError,
  loadEngine,
  loadModel,
  Model,
  referenceEngine,
  saveModel,
  toTransformerLensConfig,
} from './node.ts';

const OPTIONS = { nLayers: 2, nHeads: 3, dModel: 7, dHead: 5, nCtx: 11, dVocab: 13, biases: true };
const tokens = randomTokens({ sequences: 2, length: 5 }, OPTIONS.dVocab);
const folder = mkdtempSync(join(tmpdir(), 'models-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string): string => join(folder, name);
const engine = await loadEngine();
const model = randomModel(engine, OPTIONS);

test('a saved model is loaded again with the same config, weights and logits', async () => {
  const path = file('new/folder/model.safetensors');
  await saveModel(model, path);
  for (const again of [await loadModel(path), await loadModel(path, { engine })]) {
    expect(again).toBeInstanceOf(Model);
    expect(again.config).toEqual(model.config);
    expect(again.getWeights()).toEqual(model.getWeights());
    expect(again.run(tokens).logits).toEqual(model.run(tokens).logits);
  }
  expect((await loadModel(path, { engine: referenceEngine })).engine).toBe(referenceEngine);
  expect(readdirSync(file('new/folder'))).toEqual(['model.safetensors']);
});

test('metadata stands in the file beside its own', async () => {
  const path = file('with-metadata.safetensors');
  await saveModel(model, path, { metadata: { source: 'a test' } });
  const { metadata, config } = decodeCheckpoint(readFileSync(path), path);
  expect(metadata.source).toBe('a test');
  expect(config).toEqual(model.config);
  await expect(saveModel(model, path, { metadata: { config: '{}' } })).rejects.toThrow(
    'saveModel: options.metadata has "config", which the file itself writes; use another name.',
  );
});

test('a file without a config takes one, as an object or from a JSON file', async () => {
  const path = file('bare.safetensors');
  await saveModel(model, file('whole.safetensors'));
  writeFileSync(path, encodeSafetensors(decodeSafetensors(readFileSync(file('whole.safetensors')), 'x').tensors, {}));
  const config = toTransformerLensConfig(model.config);
  writeFileSync(file('config.json'), JSON.stringify(config));
  for (const modelConfig of [config, file('config.json')])
    expect((await loadModel(path, { engine, modelConfig })).run(tokens).logits).toEqual(model.run(tokens).logits);
  const refused = loadModel(path, { engine });
  await expect(refused).rejects.toThrow(FileFormatError);
  await expect(refused).rejects.toThrow(/bare\.safetensors holds no config; .* pass it as the option modelConfig\.$/);
  await expect(loadModel(path, { engine, modelConfig: file('no.json') })).rejects.toThrow(
    /^loadModel: there is no model config at .*no\.json; check the path\.$/,
  );
});

test('what cannot be read is told by the file’s name', async () => {
  writeFileSync(file('text.safetensors'), 'hello');
  mkdirSync(file('folder'));
  await expect(loadModel(file('nothing'))).rejects.toThrow(
    /^loadModel: there is no checkpoint at .*nothing; check the path\.$/,
  );
  await expect(loadModel(file('folder'))).rejects.toThrow(
    /^loadModel: .*folder is a folder; name the checkpoint in it\.$/,
  );
  await expect(loadModel(file('text.safetensors'))).rejects.toThrow(FileFormatError);
  await expect(loadModel(7 as never)).rejects.toThrow('loadModel: expected the path of a file, got 7.');
  await expect(loadModel(file('x'), { engine: loadEngine() as never })).rejects.toThrow(
    'loadModel: engine is a promise',
  );
  await expect(loadModel(file('x'), { config: {} } as never)).rejects.toThrow(
    'loadModel: options has an unknown field "config"',
  );
});

test('what cannot be written leaves the old file and nothing beside it', async () => {
  const inTheWay = file('in-the-way');
  mkdirSync(inTheWay);
  writeFileSync(file('in-the-way/kept'), '');
  await expect(saveModel(model, inTheWay)).rejects.toThrow(
    /^saveModel: .*in-the-way could not be written \(.*\); name another place\.$/,
  );
  expect(existsSync(file('in-the-way/kept'))).toBe(true);
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  await expect(saveModel({} as never, file('y'))).rejects.toThrow('saveModel: the model must be a Model');
  await expect(saveModel(model, file('y'), { metadata: { a: 1 } as never })).rejects.toThrow(
    'saveModel: options.metadata.a must be a string, got 1.',
  );
});
