// `convert`: what is written, where, what is printed, and that nothing is written where it cannot be.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeSafetensors } from '@induction-lab/core/node';
import { describe, expect, test } from 'vitest';
import { temporaryFolder, writeJson } from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';
import { writeInduction } from './support/models.ts';

const GOLDEN = fileURLToPath(new URL('../../core/test/golden', import.meta.url));
const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const gguf = join(GOLDEN, 'gguf', 'llama.gguf');
const tokens = writeJson(at('tokens.json'), [[1, 2, 3, 1, 2, 3]]);

/** The logits that `cache` saves. */
async function logitsOf(model: string, name: string): Promise<Float32Array> {
  await succeed('cache', model, '--tokens', tokens, '--out', at(name), '--names', 'hook_embed', '--exact');
  return decodeSafetensors(readFileSync(at(name)), name).tensors.logits!.data;
}

test('a GGUF file becomes a folder of the hub and one for TransformerLens, and both compute the same', async () => {
  const { stdout } = await succeed('convert', gguf, '--to', 'hugging-face', at('hub'), '--quiet');
  expect(stdout).toBe(`config.json and model.safetensors (21 tensors, 76 KiB) in ${at('hub')}\n`);
  expect(readdirSync(at('hub')).sort()).toEqual(['config.json', 'model.safetensors']);
  expect(JSON.parse(readFileSync(at('hub/config.json'), 'utf8'))).toMatchObject({
    ...{ model_type: 'llama', hidden_size: 32, num_key_value_heads: 2, tie_word_embeddings: false },
    rope_scaling: { rope_type: 'llama3', factor: 8 },
  });
  await succeed('convert', at('hub'), '--to', 'transformer-lens', '--out', at('lens'), '--quiet');
  const want = await logitsOf(gguf, 'a.safetensors');
  expect(await logitsOf(at('hub'), 'b.safetensors')).toEqual(want);
  expect(await logitsOf(at('lens/model.safetensors'), 'c.safetensors')).toEqual(want);
});

test('a safetensors file is written as a file, over another only with --force, and with fewer positions on request', async () => {
  await succeed('convert', gguf, at('one.safetensors'), '--to', 'safetensors', '--context', '5', '--quiet');
  const { metadata } = decodeSafetensors(readFileSync(at('one.safetensors')), 'one');
  expect(JSON.parse(metadata.config!)).toMatchObject({ n_ctx: 5, n_key_value_heads: 2 });
  const again = ['convert', gguf, at('one.safetensors'), '--to', 'safetensors', '--quiet'];
  const { code, stderr } = await run(...again);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/one\.safetensors exists; .* add --force/)]);
  await succeed(...again, '--force');
});

describe('one sentence, exit code 2, and nothing written', () => {
  const taken = at('taken');
  mkdirSync(taken);
  writeFileSync(join(taken, 'mine.txt'), 'mine');
  const induction = writeInduction(at('induction.safetensors'));
  const pickle = at('pytorch_model.bin');
  writeFileSync(pickle, Buffer.from('80028a0a6cfc9c46f9206aa850192e8002', 'hex'));

  test.for<[string, string[], RegExp]>([
    ['no format', [gguf], /required option '--to <format>' not specified/],
    [
      'another format',
      [gguf, '--to', 'onnx'],
      /'onnx' is invalid\. Allowed choices are transformer-lens, hugging-face/,
    ],
    ['a folder that is not empty', [gguf, '--to', 'hugging-face', taken], /is not empty; choose another --out/],
    ['two places', [gguf, '--to', 'hugging-face', at('x'), '--out', at('y')], /was told twice where to write/],
    ['no such model', [at('none'), '--to', 'hugging-face', at('x')], /There is no checkpoint at/],
    ['what the hub has no family for', [induction, '--to', 'hugging-face', at('x')], /has no MLPs, for which/],
    [
      'more context than there is',
      [gguf, '--to', 'hugging-face', at('x'), '--context', '99'],
      /--context 99 is more than the 11/,
    ],
    [
      'a pickle',
      [pickle, '--to', 'hugging-face', at('x')],
      /PyTorch file of the old kind \(a pickle\); convert it in Python: `import torch/,
    ],
    [
      'a config beside a GGUF file',
      [gguf, '--to', 'hugging-face', at('x'), '--model-config', tokens],
      /leave --model-config out/,
    ],
  ])('%s', async ([, args, sentence]) => {
    const { code, stdout, stderr } = await run('convert', ...args);
    expect(stderr).toMatch(sentence);
    expect([code, stdout]).toEqual([2, '']);
    expect([existsSync(at('x')), readFileSync(join(taken, 'mine.txt'), 'utf8')]).toEqual([false, 'mine']);
  });
});

test('a file without a config takes the one beside it, where that is of a family', async () => {
  const file = join(GOLDEN, 'huggingFace', 'gpt2', 'model.safetensors');
  expect(await logitsOf(file, 'd.safetensors')).toEqual(await logitsOf(join(file, '..'), 'e.safetensors'));
});
