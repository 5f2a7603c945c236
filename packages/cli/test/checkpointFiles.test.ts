// Files that are no good checkpoint, config or token file: each is refused by name with what is wrong and what to do.
// Most are told in this process, by what every command reads its files with; that commands say so and end with 2 is tried once for each kind.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSafetensors, handBuiltInduction, loadEngine } from '@induction-lab/core/node';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toCommandError } from '../src/errors.ts';
import { loadCheckpoint } from '../src/files/loadCheckpoint.ts';
import { COMMAND, type Ended, expectRefusal, run, succeed } from './support/command.ts';
import { filesIn, type Header, temporaryFolder, withHeader, writeJson } from './support/folders.ts';
import { run as runHere } from './support/inProcess.ts';
import { writeModel, writeSmallModel } from './support/models.ts';

const folder = temporaryFolder();
const good = new Uint8Array(readFileSync(writeSmallModel(join(folder, 'good.safetensors'))));
const goodPath = join(folder, 'good.safetensors');
const tokens = writeJson(join(folder, 'tokens.json'), [
  [1, 2, 3],
  [4, 5, 6],
]);

const file = (bytes: Uint8Array | string): string => {
  const path = join(folder, 'bad.safetensors');
  writeFileSync(path, bytes);
  return path;
};

const writeText = (name: string, text: string | Uint8Array): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const engine = await loadEngine({ exact: true });

/** How a command would end that does this first. */
async function ending(act: () => unknown): Promise<Ended> {
  try {
    await act();
  } catch (error) {
    const { exitCode, message } = toCommandError(error);
    return { code: exitCode, stdout: '', stderr: `error: ${message}\n` };
  }
  return { code: 0, stdout: '', stderr: '' };
}

const load = (path: string, modelConfig?: string): Promise<Ended> =>
  ending(() => loadCheckpoint(engine, path, { modelConfig }));

async function expectLoadRefused(path: string, sentence: RegExp): Promise<void> {
  const ended = await load(path);
  expectRefusal(ended, sentence);
  expect(ended.stderr).toContain(path);
}

const readConfig = (): object => {
  const { metadata } = decodeSafetensors(good, goodPath);
  return JSON.parse(metadata.config as string);
};

const withConfig = (changes: object): Uint8Array =>
  withHeader(good, ({ __metadata__ }) => {
    __metadata__.config = JSON.stringify({ ...JSON.parse(__metadata__.config as string), ...changes });
  });

const changeTensor = (name: string, changes: object): Uint8Array =>
  withHeader(good, (header: Header) => {
    header[name] = { ...(header[name] as object), ...changes };
  });

test('a checkpoint cut short at any byte is refused as such', async () => {
  const headerLength = Number(new DataView(good.buffer).getBigUint64(0, true));
  const edges = [0, 1, 7, 8, 9, 8 + headerLength - 1, 8 + headerLength, 8 + headerLength + 1, good.length - 1];
  const cuts = [...edges, ...fc.sample(fc.integer({ min: 1, max: good.length - 1 }), { numRuns: 60, seed: 7 })];
  const sentence = /cut\.safetensors is not a readable safetensors file: .*; save or copy it again/;
  const path = join(folder, 'cut.safetensors');
  for (const cut of cuts) {
    writeFileSync(path, good.subarray(0, cut));
    await expectLoadRefused(path, sentence);
  }
  const out = join(folder, 'never');
  const ends = await Promise.all([run('audit', path, '--json'), run('cache', path, '--tokens', tokens, '--out', out)]);
  for (const ended of ends) expectRefusal(ended, sentence);
  expect(filesIn(folder)).not.toContain('never');
});

describe('a file that is no checkpoint is refused', () => {
  test.for<[string, Uint8Array | string, RegExp]>([
    [
      'a picture',
      Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
      /not a readable safetensors file: its header should be/,
    ],
    ['text', 'This is my model. I hope that it loads.', /not a readable safetensors file/],
    [
      'a header that is no JSON',
      withHeader(good, () => 'x').map((byte, i) => (i === 8 ? 0x7b : byte)),
      /its header is not JSON/,
    ],
    ['a header that is a list', withHeader(good, () => []), /its header is not a JSON object/],
    [
      'tensors without shapes',
      withHeader(good, (h) => ({ __metadata__: h.__metadata__, 'embed.W_E': 5 })),
      /embed\.W_E has no shape or no offsets/,
    ],
    [
      'metadata that is null',
      withHeader(good, (h) => ({ ...h, __metadata__: null })),
      /bad\.safetensors holds no config; write its TransformerLens config .* pass it with --model-config FILE\./,
    ],
    [
      'a type that we do not read',
      changeTensor('embed.W_E', { dtype: 'F8_E4M3' }),
      /embed\.W_E has the unknown type "F8_E4M3"/,
    ],
    ['whole numbers as weights', changeTensor('embed.W_E', { dtype: 'I32' }), /no tensor embed\.W_E/],
    [
      'a shape of more bytes than the tensor has',
      changeTensor('embed.W_E', { shape: [13, 8] }),
      /embed\.W_E takes 364 bytes, its shape \[13,8\] needs 416/,
    ],
    [
      'a transposed matrix',
      changeTensor('embed.W_E', { shape: [7, 13] }),
      /embed\.W_E has shape \[7,13\], its config calls for \[13,7\]/,
    ],
    [
      'control characters in a tensor’s name',
      withHeader(good, (h) => ({ ...h, '\u001b[31m\n': h['embed.W_E'] })),
      /no part of the model/,
    ],
    [
      'an MLP that the config does not have',
      withHeader(good, (h) => ({ ...h, 'blocks.0.mlp.W_in': h['embed.W_E'] })),
      /the tensor blocks\.0\.mlp\.W_in, which is no part of the model/,
    ],
    [
      'MLPs that do nothing known',
      withConfig({ attn_only: false }),
      /MLPs whose act_fn is null; induction-lab runs relu/,
    ],
    ['MLPs that are not there', withConfig({ attn_only: false, act_fn: 'relu' }), /no tensor blocks\.0\.ln2\.w/],
    ['an unknown norm', withConfig({ normalization_type: 'GN' }), /the unknown normalization_type "GN"/],
    ['one layer too few', withConfig({ n_layers: 3 }), /no tensor blocks\.2\./],
    ['one layer too many', withConfig({ n_layers: 1 }), /blocks\.1\.\S+, which is no part of the model/],
    ['another number of heads', withConfig({ n_heads: 5 }), /has shape .*, its config calls for/],
    ['no heads', withConfig({ n_heads: 0 }), /nHeads must be a whole number from 1/],
    ['a size in words', withConfig({ d_model: 'seven' }), /whole number as d_model, got "seven"/],
    ['no config', withHeader(good, (h) => ({ ...h, __metadata__: {} })), /holds no config.*--model-config FILE/],
    [
      'a config that is no JSON',
      withHeader(good, (h) => ({ ...h, __metadata__: { config: '{' } })),
      /config in its metadata is not JSON.*--model-config/,
    ],
    [
      'a config that is null',
      withHeader(good, (h) => ({ ...h, __metadata__: { config: 'null' } })),
      /must be a JSON object/,
    ],
  ])('%s', async ([, bytes, sentence]) => expectLoadRefused(file(bytes), sentence));

  test('weights that are not numbers', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const bytes = good.slice();
      new DataView(bytes.buffer).setFloat32(bytes.length - 4, bad, true);
      await expectLoadRefused(file(bytes), /holds (NaN|Infinity) at element \d+; the training that made it had failed/);
    }
  });

  test('a folder, and nothing at all', async () => {
    await expectLoadRefused(folder, /is a folder; name the checkpoint in it/);
    await expectLoadRefused(join(folder, 'none'), /There is no checkpoint at .*none; check the path/);
  });

  test('what commands say is what is said here: other formats, bombs, large files that are none', async () => {
    const bomb = withConfig({ n_heads: 2 ** 31, n_layers: 65536 });
    const large = join(folder, 'large.safetensors');
    writeFileSync(large, '');
    truncateSync(large, 3 * 2 ** 30); // sparse: it takes no room on the disk
    const tried: [string, RegExp][] = [
      [file(bomb), /nHeads must be a whole number from 1 to 65536/],
      [
        writeText('pointer.safetensors', 'version https://git-lfs.github.com/spec/v1\n'),
        /Git LFS pointer.*git lfs pull/,
      ],
      [large, /large\.safetensors is not a readable safetensors file: its header is not a JSON object/],
    ];
    for (const [path, sentence] of tried) {
      const start = performance.now();
      expectRefusal(await run('audit', path), sentence);
      expect(performance.now() - start).toBeLessThan(10_000); // a second or less, on a machine that is not busy
    }
  });

  test('a folder is answered with the file in it that may be meant', async () => {
    const inside = (name: string, ...files: string[]): string => {
      const path = join(folder, name);
      for (const inner of files) {
        mkdirSync(join(path, inner, '..'), { recursive: true });
        writeFileSync(join(path, inner), '');
      }
      return path;
    };
    const said = async (path: string, sentence: RegExp): Promise<void> => {
      await expectLoadRefused(path, /is a folder; name the checkpoint in it/);
      await expectLoadRefused(path, sentence);
    };
    const shards = [1, 2, 3].map((i) => `model-0000${i}-of-00003.safetensors`);
    await said(inside('shards', ...shards), /3 shards of one model .*glob\("model-\*-of-00003\.safetensors"\)/);
    const run = inside('run', 'run.json', 'checkpoints/step-000010.safetensors', 'checkpoints/step-000200.safetensors');
    await said(run, /such as checkpoints.step-000200\.safetensors\.$/);
    await said(inside('one', 'model.safetensors', 'config.json'), /such as model\.safetensors\.$/);
    await said(inside('other', 'pytorch_model.bin'), /pytorch_model\.bin: no \.safetensors yet/);
    await said(inside('nothing', 'notes.txt'), /no \.safetensors file lies there/);
    expectRefusal(
      await load(goodPath, inside('one')),
      /is a folder; name the model config in it, such as config\.json\.$/,
    );
  });

  test('a pipe is read, a device is not', async () => {
    expectRefusal(await load('/dev/null'), /\/dev\/null is a device or a socket, not a file; name the checkpoint/);
    const script = `cat "$1" | "$2" "$3" cache /dev/stdin --tokens "$4" --out "$5"`;
    const out = join(folder, 'from-a-pipe.safetensors');
    const { status, stderr } = spawnSync('sh', ['-c', script, 'sh', goodPath, process.execPath, COMMAND, tokens, out]);
    expect(status, String(stderr)).toBe(0);
  });

  test('a name that acts on a terminal is shown, not sent', async () => {
    const path = writeText('\u001b[31mred\u0007.safetensors', 'text that is no checkpoint');
    const { stderr } = await load(path);
    expect(stderr).toMatch(/␛\[31mred␇\.safetensors is not a readable safetensors file: it is text/);
    expect((await load(`${path}.none`)).stderr).toMatch(/no checkpoint at .*␛\[31mred␇/);
  });

  test('a context too short for a circuit', async () => {
    const model = handBuiltInduction(await loadEngine({ exact: true }), { dVocab: 5, nCtx: 3 });
    expectRefusal(
      await run('evaluate', writeModel(join(folder, 'short.safetensors'), model)),
      /short\.safetensors: a context of 3 has no room for a repeat/,
    );
  });

  test('a model config that cannot be used', async () => {
    const bare = file(withHeader(good, (h) => ({ ...h, __metadata__: {} })));
    const audit = (config: string): Promise<Ended> => load(bare, config);
    expectRefusal(await audit(join(folder, 'none.json')), /There is no model config at .*none\.json/);
    expectRefusal(await audit(writeJson(join(folder, 'list.json'), [])), /must be a JSON object/);
    expectRefusal(await audit(writeJson(join(folder, 'empty.json'), {})), /whole number as n_layers/);
    writeFileSync(join(folder, 'text.json'), 'n_layers: 2');
    expectRefusal(await audit(join(folder, 'text.json')), /text\.json is not JSON/);
    const utf16 = Buffer.from('\ufeff{"n_layers": 2}', 'utf16le');
    expectRefusal(await audit(writeText('utf16.json', utf16)), /utf16\.json is text in UTF-16; save it as UTF-8/);
    expectRefusal(
      await audit(writeText('twice.json', '{"n_layers": 1, "n_layers": 2}')),
      /has the key "n_layers" twice/,
    );
    expectRefusal(await run('audit', bare, '--model-config', join(folder, 'twice.json')), /"n_layers" twice/);
    const config = readConfig();
    expectRefusal(
      await audit(writeJson(join(folder, 'yarn.json'), { ...config, use_yarn_rope: true })),
      /use_yarn_rope/,
    );
    writeFileSync(join(folder, 'mark.json'), `\ufeff${JSON.stringify(config)}`);
    expect((await audit(join(folder, 'mark.json'))).code).toBe(0);
  });
});

const cache = (path: string): Promise<Ended> =>
  runHere('cache', goodPath, '--tokens', path, '--out', join(folder, 'never'), '--gradients', '--exact');

describe('a token file that the model cannot run is refused, and nothing is written', () => {
  test.for<[string, unknown, RegExp]>([
    [
      'a token beyond the vocabulary',
      [[1, 13]],
      /sequence 0 has token 13 at position 1; tokens are whole numbers from 0 to 12/,
    ],
    [
      'a negative token',
      [
        [1, 2],
        [3, -1],
      ],
      /sequence 1 has token -1 at position 1/,
    ],
    ['a fraction', [[1.5]], /token 1\.5 at position 0/],
    ['a word', [['the']], /token "the" at position 0/],
    ['null', [[1, null]], /token null at position 1/],
    [
      'more tokens than the context',
      [Array(23).fill(1)],
      /a sequence has 23 tokens, this model's context is 22; shorten it/,
    ],
    ['rows of different lengths', [[1, 2], [1]], /sequence 1 has 1 tokens, sequence 0 has 2; use equal lengths/],
    ['no sequence', [], /at least one sequence/],
    ['no token', [[]], /at least one token/],
    ['a flat list', [1, 2, 3], /array of equally long arrays of tokens, such as/],
    ['an object', { tokens: [[1]] }, /array of equally long arrays of tokens/],
  ])('%s', async ([, json, sentence]) => {
    const path = writeJson(join(folder, 'bad-tokens.json'), json);
    const ended = await cache(path);
    expectRefusal(ended, sentence);
    expect(ended.stderr).toContain(path);
    expect(filesIn(folder)).not.toContain('never');
  });

  test('text, a folder, and nothing at all', async () => {
    writeFileSync(join(folder, 'words.json'), '1 2 3');
    expectRefusal(await cache(join(folder, 'words.json')), /words\.json is not JSON/);
    expectRefusal(await cache(folder), /is a folder; name the token file in it/);
    expectRefusal(await cache(join(folder, 'none.json')), /There is no token file at/);
  });
});

describe('a place where cache cannot write is refused', () => {
  test('a file that exists stays as it was, be it the checkpoint itself', async () => {
    const before = readFileSync(goodPath);
    for (const out of [goodPath, tokens, folder])
      expectRefusal(
        await run('cache', goodPath, '--tokens', tokens, '--out', out),
        /exists; choose another --out or delete it first/,
      );
    expect(readFileSync(goodPath).equals(before)).toBe(true);
  });

  test('below a file', async () => {
    expectRefusal(await run('cache', goodPath, '--tokens', tokens, '--out', join(tokens, 'x')), /lies inside one/);
    expectRefusal(
      await run('audit', goodPath, '--sequences', '8', '--figures', tokens),
      /tokens\.json exists and is no folder; choose another --figures/,
    );
  });
});

test('an unknown hook name is refused with the nearest ones, and the option is named, not a file', async () => {
  const out = join(folder, 'never');
  const ended = await run('cache', goodPath, '--tokens', tokens, '--out', out, '--names', 'blocks.1.attn.hook_pattren');
  expectRefusal(
    ended,
    /^error: --names: this model has no hook point "blocks\.1\.attn\.hook_pattren"; the nearest are "blocks\.1\.attn\.hook_pattern"/,
  );
});

test('the good file, for comparison, is accepted by both', async () => {
  await succeed('audit', goodPath, '--sequences', '8');
  await succeed('cache', goodPath, '--tokens', tokens, '--out', join(folder, 'made', 'on', 'the', 'way.safetensors'));
});
