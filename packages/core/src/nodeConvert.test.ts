// Conversions there and back: every family of the hub, GGUF files and models of our own give the same logits in every format that can
// hold them, and what one cannot hold is refused by name.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { distance } from '../test/support/golden.ts';
import { FAMILY_OPTIONS, POSITION_OPTIONS, randomModel, randomTokens } from '../test/support/models.ts';
import { sourceOf } from './model/formats/byteSource.ts';
import { openCheckpoint } from './model/formats/checkpoint.ts';
import { openHuggingFace } from './model/formats/huggingFace/huggingFace.ts';
import { type OpenedModel, readInto, withContext } from './model/formats/openedModel.ts';
import { CONVERSIONS, type Conversion, FileFormatError, Model, type ModelConfig, referenceEngine } from './node.ts';
import { prepareConversion } from './nodeConvert.ts';
import { openHuggingFaceFolder } from './nodeHuggingFace.ts';
import { fileSource } from './nodeSource.ts';

const GOLDEN = fileURLToPath(new URL('../test/golden', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'convert-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

const SIZES = { nLayers: 2, nHeads: 3, dModel: 15, dHead: 5, nCtx: 9, dVocab: 13 };

function openFolder(path: string): OpenedModel {
  const found = openHuggingFaceFolder(path)!;
  return openHuggingFace(found.config, found);
}

const opened = (model: Model): OpenedModel => ({
  ...{ config: model.config, metadata: {} },
  weights: (wanted = () => true) =>
    Object.entries(model.getWeights())
      .filter(([name]) => wanted(name))
      .map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }] as const),
});

function logitsOf(from: OpenedModel): ArrayLike<number> {
  const model = new Model(referenceEngine, from.config);
  readInto(model, from);
  return model.run(randomTokens({ sequences: 2, length: Math.min(8, from.config.nCtx) }, from.config.dVocab)).logits;
}

/** Converts, and opens what was written. */
function converted(from: OpenedModel, to: Conversion): OpenedModel {
  const path = join(folder, `${count++}`);
  prepareConversion(from, to, 'a model').write(path);
  if (to === 'hugging-face') return openFolder(path);
  return openCheckpoint(fileSource(to === 'safetensors' ? path : join(path, 'model.safetensors')));
}

const FOREIGN: [string, () => OpenedModel][] = [
  ...readdirSync(join(GOLDEN, 'huggingFace'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }): [string, () => OpenedModel] => [name, () => openFolder(join(GOLDEN, 'huggingFace', name))]),
  ...readdirSync(join(GOLDEN, 'gguf'))
    .filter((name) => name.endsWith('.gguf'))
    .map((name): [string, () => OpenedModel] => [name, () => openCheckpoint(fileSource(join(GOLDEN, 'gguf', name)))]),
];

describe.for(FOREIGN)('%s', ([, open]) => {
  test('gives the same logits in every format, and from each of them in the hub’s again', () => {
    const from = open();
    const want = logitsOf(from);
    for (const to of CONVERSIONS) {
      const there = converted(from, to);
      expect(distance(logitsOf(there), want)).toBeLessThan(1e-12);
      expect(distance(logitsOf(converted(there, 'hugging-face')), want)).toBeLessThan(1e-12);
    }
  });
});

const OURS = [...POSITION_OPTIONS, ...FAMILY_OPTIONS].flatMap(({ label, options }) => [
  { label, options },
  { label: `${label}, with biases`, options: { ...options, biases: true } },
]);
const ours = (options: Partial<ModelConfig>): OpenedModel =>
  opened(randomModel(referenceEngine, { ...SIZES, ...options }));

test.for(OURS)('a model of ours, $label: the same logits for TransformerLens and as a checkpoint', ({ options }) => {
  const from = ours(options);
  for (const to of ['transformer-lens', 'safetensors'] as const)
    expect(distance(logitsOf(converted(from, to)), logitsOf(from))).toBeLessThan(1e-12);
});

test.for<[string, Partial<ModelConfig>]>([
  ['like GPT-2, no biases', { dMlp: 7, actFn: 'gelu' }],
  ['fixed positions', { dMlp: 7, positions: 'sinusoidal', tied: true }],
  ['scores that are not divided', { dMlp: 7, attnScale: 1 }],
  ['like GPT-NeoX, pairs as neighbours', { dMlp: 7, positions: 'rotary', rotaryDim: 4, rotaryAdjacentPairs: true }],
  [
    'like Llama, pairs as neighbours',
    {
      ...{ dHead: 4, dMlp: 7, gatedMlp: true, actFn: 'silu', normalization: 'RMS' },
      positions: 'rotary',
      rotaryAdjacentPairs: true,
    },
  ],
])('a model of ours on the hub: %s', ([, options]) => {
  const from = ours(options);
  const there = converted(from, 'hugging-face');
  expect(there.config.rotaryAdjacentPairs ?? false).toBe(false);
  expect(distance(logitsOf(there), logitsOf(from))).toBeLessThan(1e-12);
});

test('TransformerLens finds all that its state_dict has: zero biases, masks, angles', () => {
  const path = join(folder, 'all');
  prepareConversion(ours({ positions: 'rotary', rotaryDim: 4, dMlp: 7 }), 'transformer-lens', 'a').write(path);
  const bytes = readFileSync(join(path, 'model.safetensors'));
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString()) as Record<
    string,
    object
  >;
  const attention = [
    'W_Q',
    'W_K',
    'W_V',
    'W_O',
    'b_Q',
    'b_K',
    'b_V',
    'b_O',
    'mask',
    'IGNORE',
    'rotary_sin',
    'rotary_cos',
  ];
  const mlp = ['W_in', 'b_in', 'W_out', 'b_out'];
  const layer = (i: number): string[] => [
    ...attention.map((name) => `blocks.${i}.attn.${name}`),
    ...mlp.map((name) => `blocks.${i}.mlp.${name}`),
    ...['ln1.w', 'ln1.b', 'ln2.w', 'ln2.b'].map((name) => `blocks.${i}.${name}`),
  ];
  const { __metadata__, ...tensors } = header;
  expect(Object.keys(tensors).sort()).toEqual(
    [...layer(0), ...layer(1), 'embed.W_E', 'ln_final.w', 'ln_final.b', 'unembed.W_U', 'unembed.b_U'].sort(),
  );
  expect(header['blocks.0.attn.mask']).toMatchObject({ dtype: 'BOOL', shape: [9, 9] });
  expect(header['blocks.0.attn.IGNORE']).toMatchObject({ dtype: 'F32', shape: [] });
});

test('a shorter context keeps the first positions', () => {
  const from = ours({ dMlp: 7 });
  const short = withContext(from, 4);
  const there = converted(short, 'hugging-face');
  expect(there.config.nCtx).toBe(4);
  expect(distance(logitsOf(there), logitsOf(short))).toBeLessThan(1e-12);
  expect(() => withContext(from, 10)).toThrow(RangeError);
});

describe('what a format cannot hold is refused by name, before anything is written', () => {
  const RMS = { dMlp: 7, positions: 'rotary', normalization: 'RMS' } as const;
  const GATED = { ...RMS, gatedMlp: true, dHead: 4 } as const;
  test.for<[string, Partial<ModelConfig>, RegExp]>([
    ['no MLPs', {}, /has no MLPs, for which the hub's family gpt2 has no place; choose --to transformer-lens/],
    ['no norm', { dMlp: 7, normalization: null }, /has no normalisation/],
    ['ALiBi', { dMlp: 7, positions: 'alibi' }, /has alibi positions/],
    ['shortformer', { dMlp: 7, positions: 'shortformer' }, /has shortformer positions/],
    ['a gate beside LayerNorm', { dMlp: 7, gatedMlp: true }, /has gated MLPs, .* gpt2/],
    ['shared keys beside LayerNorm', { dMlp: 7, nKeyValueHeads: 1 }, /has shared keys and values/],
    ['heads of another size', { dMlp: 7, dHead: 4 }, /has 3 heads of 4 in a stream of 15/],
    ['scores divided by 3', { dMlp: 7, attnScale: 3 }, /attention scores divided by 3/],
    ['side by side, not rotary', { dMlp: 7, parallelAttnMlp: true }, /attention and MLP side by side/],
    ['RMSNorm without a gate', { ...RMS, dHead: 4 }, /MLPs without a gate.* llama/],
    ['half a head that turns', { ...GATED, rotaryDim: 2 }, /heads of 4 of which 2 dimensions turn/],
    [
      'a bias of the unembedding',
      { dMlp: 7, biases: true },
      /has unembed\.b_U, which is not zero and for which the hub's family gpt2 has no place/,
    ],
    [
      'two norms where there is one',
      { dMlp: 7, positions: 'rotary', rotaryDim: 4, rotaryAdjacentPairs: true, parallelAttnMlp: true },
      /has blocks\.0\.ln1\.w and blocks\.0\.ln2\.w that differ, which the hub's family gptj holds as one/,
    ],
  ])('%s', ([, options, sentence]) => {
    const prepare = (): unknown => prepareConversion(ours(options), 'hugging-face', 'a model');
    expect(prepare).toThrow(sentence);
    expect(prepare).toThrow(FileFormatError);
    expect(prepare).toThrow(/^a model [^\n]+\.$/);
  });
});

test('a checkpoint in memory is converted like one in a file', () => {
  const path = join(folder, 'file');
  prepareConversion(ours({}), 'safetensors', 'a').write(path);
  expect(distance(logitsOf(openCheckpoint(sourceOf(readFileSync(path), 'a'))), logitsOf(ours({})))).toBe(0);
});
