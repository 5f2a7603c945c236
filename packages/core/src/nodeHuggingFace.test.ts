// Folders of the Hugging Face hub: tiny models as transformers saved them against the logits that it computed in float64
// (scripts/golden/huggingFace.py), and what is said of those that cannot be read.
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { distance } from '../test/support/golden.ts';
import {
  decodeCheckpoint,
  decodeSafetensors,
  encodeSafetensors,
  FileFormatError,
  loadModel,
  Model,
  referenceEngine,
} from './node.ts';

const GOLDEN = fileURLToPath(new URL('../test/golden/huggingFace', import.meta.url));
const { models } = JSON.parse(readFileSync(join(GOLDEN, 'logits.json'), 'utf8')) as {
  models: Record<string, { tokens: number[][]; logits: number[] }>;
};
const folder = mkdtempSync(join(tmpdir(), 'hub-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** transformers computes rotary angles in float32, whatever the rest is computed in. */
const ANGLES = 2e-6;

describe.for(Object.entries(models))('%s', ([name, { tokens, logits }]) => {
  test('has the logits that transformers computes', async () => {
    const model = await loadModel(join(GOLDEN, name), { engine: referenceEngine });
    expect(distance(model.run(tokens).logits, logits)).toBeLessThan(ANGLES);
  });
});

test('one is in shards, one in bfloat16, and Mistral’s window is the context', async () => {
  expect(readdirSync(join(GOLDEN, 'mistral')).filter((file) => file.endsWith('.safetensors')).length).toBeGreaterThan(
    1,
  );
  expect((await loadModel(join(GOLDEN, 'mistral'), { engine: referenceEngine })).config.nCtx).toBe(8);
  expect(readFileSync(join(GOLDEN, 'qwen2', 'model.safetensors'), 'latin1')).toContain('"BF16"');
});

test('a tied model may hold its head besides, and both spellings of its scaling', async () => {
  const path = join(folder, 'with head');
  cpSync(join(GOLDEN, 'qwen3'), path, { recursive: true });
  const config = configOf('qwen3');
  const { tensors } = readSafetensors(join(path, 'model.safetensors'));
  tensors['lm_head.weight'] = tensors['model.embed_tokens.weight']!;
  const tied = { ...config, tie_word_embeddings: true, rope_scaling: config.rope_parameters };
  writeFileSync(join(path, 'config.json'), JSON.stringify(tied));
  writeFileSync(join(path, 'model.safetensors'), encodeSafetensors(tensors, {}));
  expect((await loadModel(path, { engine: referenceEngine })).config.tied).toBe(true);
});

const readSafetensors = (path: string): ReturnType<typeof decodeSafetensors> => {
  const { tensors, metadata } = decodeSafetensors(readFileSync(path), path);
  return { tensors: { ...tensors }, metadata };
};

test('of GPT-NeoX without biases of attention, the others are read, and one that is left over is refused', async () => {
  const path = join(folder, 'unbiased');
  cpSync(join(GOLDEN, 'gpt-neox'), path, { recursive: true });
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...configOf('gpt-neox'), attention_bias: false }));
  await expect(loadModel(path, { engine: referenceEngine })).rejects.toThrow(
    /attention\.\w+\.bias, which is no part of the/,
  );
  const { tensors } = readSafetensors(join(path, 'model.safetensors'));
  const kept = Object.entries(tensors).filter(([name]) => !/attention\.(query_key_value|dense)\.bias$/.test(name));
  writeFileSync(join(path, 'model.safetensors'), encodeSafetensors(Object.fromEntries(kept), {}));
  const [without, whole] = await Promise.all(
    [path, join(GOLDEN, 'gpt-neox')].map((from) => loadModel(from, { engine: referenceEngine })),
  );
  const zero = Object.entries(whole!.getWeights()).map(([name, { shape, data }]) =>
    /attn\.b_/.test(name) ? [name, { shape, data: Array.from(data, () => 0) }] : [name, { shape, data }],
  );
  whole!.setWeights(Object.fromEntries(zero));
  const { tokens } = models['gpt-neox']!;
  expect(without!.run(tokens).logits).toEqual(whole!.run(tokens).logits);
});

test('the file alone is read with the hub’s config', () => {
  const path = join(GOLDEN, 'gpt2', 'model.safetensors');
  const { config, weights } = decodeCheckpoint(readFileSync(path), path, { config: configOf('gpt2') });
  const model = new Model(referenceEngine, config);
  model.setWeights(weights);
  expect(distance(model.run(models.gpt2!.tokens).logits, models.gpt2!.logits)).toBeLessThan(ANGLES);
});

const configOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(GOLDEN, name, 'config.json'), 'utf8')) as Record<string, unknown>;

describe('one sentence says why a folder is not read', () => {
  let count = 0;
  /** A copy of a model's folder, changed. */
  const edited = (name: string, change: (path: string) => void): string => {
    const path = join(folder, `model ${count++}`);
    cpSync(join(GOLDEN, name), path, { recursive: true });
    change(path);
    return path;
  };
  const withConfig = (name: string, changes: object) => (): string =>
    edited(name, (path) => writeFileSync(join(path, 'config.json'), JSON.stringify({ ...configOf(name), ...changes })));

  test.for<[string, () => string, RegExp]>([
    [
      'another family',
      withConfig('llama', { model_type: 'mamba' }),
      /the family "mamba" are not read; induction-lab reads gpt2, /,
    ],
    ['no family', withConfig('llama', { model_type: null }), /the family null/],
    ['another activation', withConfig('gpt2', { activation_function: 'mish' }), /"mish" as activation_function/],
    ['biases in a gated MLP', withConfig('llama', { mlp_bias: true }), /biases inside gated MLPs \(mlp_bias is true\)/],
    ['quantised weights', withConfig('llama', { quantization_config: {} }), /the model is quantised/],
    [
      'another scaling',
      withConfig('llama', { rope_parameters: { rope_type: 'yarn' } }),
      /"yarn" scaling of rotary positions/,
    ],
    [
      'scaling said twice, in two ways',
      withConfig('llama', { rope_scaling: { rope_type: 'default' } }),
      /has rope_parameters and rope_scaling, which differ; take out/,
    ],
    [
      'scaling of an unknown kind beside one that is known',
      withConfig('llama', { rope_scaling: { rope_type: 'zorb' } }),
      /"zorb" scaling of rotary positions \(rope_scaling\)/,
    ],
    [
      'scaling that lacks a part',
      withConfig('llama', { rope_parameters: { rope_type: 'llama3', factor: 8 } }),
      /rope_parameters lacks low_freq_factor, which llama3's scaling needs/,
    ],
    ['two bases', withConfig('llama', { rope_theta: 7 }), /rope_theta is 7 and rope_theta in rope_parameters is 500/],
    [
      'a base as text',
      withConfig('llama', { rope_theta: '7' }),
      /rope_theta, got "7"; write it without quotation marks/,
    ],
    [
      'a part of each head that turns',
      withConfig('llama', { partial_rotary_factor: 0.5 }),
      /turns 0\.5 of each head by position \(partial_rotary_factor\)/,
    ],
    [
      'a share as text',
      withConfig('gpt-neox', { rope_parameters: { partial_rotary_factor: '0.5' } }),
      /partial_rotary_factor, got "0\.5"; write it without/,
    ],
    ['a size of none', withConfig('llama', { hidden_size: 0 }), /a whole number of at least 1 as hidden_size, got 0/],
    [
      'a tied head that is another matrix',
      withConfig('llama', { tie_word_embeddings: true }),
      /says that the unembedding is tied .* but lm_head\.weight is another matrix than model\.embed_tokens\.weight/,
    ],
    [
      'a folder in place of the weights',
      () =>
        edited('gpt2', (path) => {
          rmSync(join(path, 'model.safetensors'));
          mkdirSync(join(path, 'model.safetensors'));
        }),
      /model\.safetensors is a folder, where a file of the model should be/,
    ],
    ['a size that is missing', withConfig('llama', { hidden_size: null }), /whole number as hidden_size, got null/],
    [
      'a size that does not fit',
      withConfig('gpt2', { n_inner: 8 }),
      /c_fc\.bias has shape \[7\], its config calls for \[8\]/,
    ],
    [
      'heads that divide nothing',
      withConfig('gpt2', { n_head: 5 }),
      /config is impossible: dHead must be a whole number, and n_embd \(\d+\) is no multiple of n_head \(5\)/,
    ],
    ['one layer more', withConfig('gpt2', { n_layer: 3 }), /lacks the tensor h\.2\.ln_1\.weight/],
    [
      'one layer fewer',
      withConfig('gpt2', { n_layer: 1 }),
      /has the tensor transformer\.h\.1\.\S+, which is no part of the model/,
    ],
    [
      'a shard that is not there',
      () => edited('mistral', (path) => rmSync(join(path, 'model-00002-of-00007.safetensors'), { force: true })),
      /There is no .*model-00002-of-.*, which is part of the model; fetch it too\./,
    ],
    [
      'shards without an index',
      () => edited('mistral', (path) => rmSync(join(path, 'model.safetensors.index.json'))),
      /several \.safetensors files .* and no model\.safetensors\.index\.json/,
    ],
    [
      'an index that leads elsewhere',
      () =>
        edited('mistral', (path) =>
          writeFileSync(join(path, 'model.safetensors.index.json'), '{"weight_map":{"a":"../b.safetensors"}}'),
        ),
      /must have a weight_map/,
    ],
    [
      'no weights',
      () => edited('gpt2', (path) => rmSync(join(path, 'model.safetensors'))),
      /no \.safetensors file; save the model/,
    ],
    [
      'the same shard twice',
      () =>
        edited('mistral', (path) => {
          copyFileSync(join(path, 'model-00001-of-00007.safetensors'), join(path, 'again.safetensors'));
          const index = join(path, 'model.safetensors.index.json');
          const json = JSON.parse(readFileSync(index, 'utf8'));
          writeFileSync(index, JSON.stringify({ weight_map: { ...json.weight_map, again: 'again.safetensors' } }));
        }),
      /a second time; remove one of them/,
    ],
    [
      'a config that is no JSON',
      () => edited('gpt2', (path) => writeFileSync(join(path, 'config.json'), '{')),
      /is not JSON/,
    ],
  ])('%s', async ([, make, sentence]) => {
    const path = make();
    const refused = loadModel(path, { engine: referenceEngine });
    await expect(refused).rejects.toThrow(sentence);
    await expect(refused).rejects.toThrow(FileFormatError);
    await expect(refused).rejects.toThrow(/^[^\n]+\.$/);
  });

  test('a folder without a config is a folder', async () => {
    mkdirSync(join(folder, 'empty'));
    await expect(loadModel(join(folder, 'empty'))).rejects.toThrow(/is a folder; name the checkpoint in it/);
  });
});
