import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FAMILY_OPTIONS } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { MODEL_FIELDS, type ModelOptions, modelConfig, POSITIONS } from '../config.ts';
import { Model } from '../model.ts';
import type { NamedWeights } from '../parameters.ts';
import { decodeCheckpoint, encodeCheckpoint, toTransformerLensConfig } from './checkpoint.ts';
import { decodeSafetensors, encodeSafetensors, FileFormatError } from './safetensors.ts';

const SIZES: ModelOptions = { nLayers: 2, nHeads: 3, dModel: 7, dHead: 5, nCtx: 11, dVocab: 13 };
const TOKENS = [[1, 5, 12, 0, 7, 7, 3]];

function randomModel(options: Partial<ModelOptions> = {}): Model {
  const model = new Model(referenceEngine, { ...SIZES, ...options });
  const random = new RandomStream(1);
  const weights = Object.entries(model.getWeights()).map(([name, { shape, data }]) => {
    const fixed = name === 'pos_embed.W_pos' && ['sinusoidal', 'none'].includes(model.config.positions);
    const values = Float32Array.from(data, (x) =>
      fixed ? x : Math.fround(0.5 * random.normal() + (name.endsWith('.w') ? 1 : 0)),
    );
    return [name, { shape, data: values }];
  });
  model.setWeights(Object.fromEntries(weights));
  return model;
}

const encode = (model: Model, metadata = {}): Uint8Array<ArrayBuffer> =>
  encodeCheckpoint(model.config, model.getWeights(), metadata);
const load = (bytes: Uint8Array, options = {}): Model => {
  const { config, weights } = decodeCheckpoint(bytes, 'file.safetensors', options);
  const model = new Model(referenceEngine, config);
  model.setWeights(weights);
  return model;
};

test('every field of a config stands in a checkpoint, under TransformerLens’s name for it or our own', () => {
  const config = modelConfig({
    ...{
      ...SIZES,
      positions: 'rotary',
      normalization: 'RMS',
      biases: true,
      tied: true,
      eps: 0.01,
      attnScale: 3,
      bos: 2,
    },
    ...{ nKeyValueHeads: 1, dMlp: 5, actFn: 'silu', gatedMlp: true, parallelAttnMlp: true, rotaryAdjacentPairs: true },
    qkNorm: true,
    rotaryScaling: { factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalCtx: 40 },
  });
  const measuredWith = ['opening', 'untrained']; // whoever measures says so; they are no part of the model
  expect(new Set(MODEL_FIELDS)).toEqual(new Set([...Object.keys(config), ...measuredWith]));
  expect(load(encode(randomModel(config))).config).toEqual(config);
  const own = JSON.parse(decodeSafetensors(encode(randomModel(config)), 'file').metadata.induction_lab!);
  expect(Object.keys(own)).toEqual(['positions', 'tied', 'biases', 'bos']);
});

describe('saving, then loading', () => {
  const kinds = POSITIONS.flatMap((positions) =>
    ([null, 'LN'] as const).flatMap((normalization) =>
      [true, false].map((on) => ({ positions, normalization, biases: on, tied: on })),
    ),
  );
  test.for(FAMILY_OPTIONS)('is the identity of models with more parts: $label', ({ options }) => {
    const model = randomModel({ ...options });
    const again = load(encode(model));
    expect(again.config).toEqual(model.config);
    expect(again.run(TOKENS).logits).toEqual(model.run(TOKENS).logits);
  });
  test.for(kinds)('is the identity: $positions, $normalization, biases and tied $biases', (kind) => {
    const model = randomModel(kind);
    const again = load(encode(model));
    expect(again.config).toEqual(model.config);
    expect(again.run(TOKENS).logits).toEqual(model.run(TOKENS).logits);
  });
});

/** The same file with other tensors or another config. */
function edited(
  model: Model,
  edit: (parts: {
    tensors: Record<string, NamedWeights[string]>;
    config: Record<string, unknown>;
    metadata: Record<string, string>;
  }) => void,
): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(encode(model), 'x');
  const parts = {
    tensors: { ...tensors },
    config: JSON.parse(metadata.config!) as Record<string, unknown>,
    metadata: { ...metadata },
  };
  edit(parts);
  return encodeSafetensors(parts.tensors, {
    ...parts.metadata,
    ...(parts.metadata.config ? { config: JSON.stringify(parts.config) } : {}),
  });
}

test('the config in the file has the names of TransformerLens', () => {
  expect(toTransformerLensConfig(randomModel().config)).toMatchObject({
    n_layers: 2,
    n_heads: 3,
    d_model: 7,
    d_head: 5,
    n_ctx: 11,
    d_vocab: 13,
    attn_only: true,
    normalization_type: 'LN',
    positional_embedding_type: 'standard',
  });
});

describe('a foreign checkpoint', () => {
  test('without a config says how to pass one, and with it loads', () => {
    const model = randomModel({ normalization: null });
    const bare = edited(model, ({ metadata }) => {
      delete metadata.config;
      delete metadata.induction_lab;
    });
    expect(() => load(bare)).toThrow(/holds no config.*--model-config FILE/);
    const config = toTransformerLensConfig(model.config);
    expect(load(bare, { config }).run(TOKENS).logits).toEqual(model.run(TOKENS).logits);
  });

  test('what is wrong with a config has a code, and is told in the words of whoever was given it', () => {
    const words = { pass: 'by dropping both', name: 'the config.json' };
    const refusal = (bytes: Uint8Array, options: object): FileFormatError => {
      try {
        decodeCheckpoint(bytes, 'x.safetensors', { words, ...options });
      } catch (error) {
        return error as FileFormatError;
      }
      throw new Error('was read');
    };
    const { tensors, metadata } = decodeSafetensors(encode(randomModel()), 'x');
    const { config: _, ...others } = metadata;
    const withConfig = (config?: string): Uint8Array =>
      encodeSafetensors(tensors, { ...others, ...(config === undefined ? {} : { config }) });
    const gguf = Uint8Array.from([...new TextEncoder().encode('GGUF'), 3, 0, 0, 0]);
    const told = (bytes: Uint8Array, options = {}): unknown => {
      const error = refusal(bytes, options);
      expect(error).toBeInstanceOf(FileFormatError);
      return [error.code, error.message];
    };
    expect(told(withConfig())).toEqual(['config-missing', expect.stringMatching(/pass it by dropping both\.$/)]);
    expect(told(withConfig('{'))).toEqual([
      'config-broken',
      expect.stringMatching(/JSON; pass a good one by dropping both/),
    ]);
    expect(told(withConfig('{"a":1,"a":2}'))).toEqual(['config-broken', expect.stringMatching(/by dropping both\.$/)]);
    expect(told(gguf, { config: {} })).toEqual([
      'config-unwanted',
      expect.stringMatching(/leave the config\.json out\.$/),
    ]);
    expect(told(gguf)).toEqual(['file', expect.not.stringContaining('config.json')]);
  });

  test('with buffers, without biases, loads with biases of zero', () => {
    const model = randomModel({ biases: true });
    const zeroed = Object.entries(model.getWeights()).map(([name, t]) => [
      name,
      /\.b_\w$/.test(name) ? { ...t, data: new Float32Array(t.data.length) } : t,
    ]);
    model.setWeights(Object.fromEntries(zeroed));
    const foreign = edited(model, ({ tensors, metadata }) => {
      for (const name of Object.keys(tensors)) if (/\.b_\w$/.test(name)) delete tensors[name];
      tensors['blocks.0.attn.mask'] = { shape: [2, 2], data: [1, 0, 1, 1] };
      tensors['blocks.0.attn.IGNORE'] = { shape: [], data: [Number.NEGATIVE_INFINITY] };
      delete metadata.induction_lab;
    });
    expect(load(foreign).run(TOKENS).logits).toEqual(model.run(TOKENS).logits);
  });

  test('with the native names and transposed matrices of TransformerLens 4 loads', () => {
    const model = randomModel({ biases: true });
    const native = edited(model, ({ tensors, metadata }) => {
      for (const [name, tensor] of Object.entries(tensors)) {
        delete tensors[name];
        tensors[nativeName(name)] = nativeTensor(name, tensor);
      }
      delete metadata.induction_lab;
    });
    expect(load(native).run(TOKENS).logits).toEqual(model.run(TOKENS).logits);
  });

  test('with LayerNorm folded away (LNPre) is a model with gains of 1', () => {
    const model = randomModel();
    const unit = Object.entries(model.getWeights()).map(([name, t]) => [
      name,
      /\bln/.test(name) ? { ...t, data: new Float32Array(7).fill(name.endsWith('.w') ? 1 : 0) } : t,
    ]);
    model.setWeights(Object.fromEntries(unit));
    const folded = edited(model, ({ tensors, config }) => {
      for (const name of Object.keys(tensors)) if (/\bln/.test(name)) delete tensors[name];
      config.normalization_type = 'LNPre';
    });
    expect(load(folded).run(TOKENS).logits).toEqual(model.run(TOKENS).logits);
  });
});

function nativeName(name: string): string {
  return name
    .replace('pos_embed.W_pos', 'pos.weight')
    .replace('unembed.W_U', 'head.weight')
    .replace('unembed.b_U', 'head.bias')
    .replace('embed.W_E', 'tok_embed.weight')
    .replace('ln_final.', 'ln_out.')
    .replace('blocks.', 'layers.')
    .replace(/\.(ln1|ln_out)\.w$|ln_out\.w$/, (m) => m.replace(/w$/, 'weight'))
    .replace(/(ln1|ln_out)\.b$/, (m) => m.replace(/b$/, 'bias'))
    .replace(/attn\.W_([QKVO])$/, (_, m: string) => `attn.${m.toLowerCase()}.weight`)
    .replace(/attn\.b_([QKVO])$/, (_, m: string) => `attn.${m.toLowerCase()}.bias`);
}

/** [head, dModel, dHead] → [head·dHead, dModel] and so on: PyTorch's [out, in], written with loops over the meaning. */
function nativeTensor(name: string, { shape, data }: NamedWeights[string]): NamedWeights[string] {
  const [a = 1, b = 1, c = 1] = shape;
  if (/W_[QKV]$/.test(name)) {
    const out = new Float32Array(data.length);
    for (let h = 0; h < a; h++)
      for (let i = 0; i < b; i++) for (let j = 0; j < c; j++) out[(h * c + j) * b + i] = data[(h * b + i) * c + j]!;
    return { shape: [a * c, b], data: out };
  }
  if (/W_O$/.test(name)) {
    const out = new Float32Array(data.length);
    for (let r = 0; r < a * b; r++) for (let i = 0; i < c; i++) out[i * a * b + r] = data[r * c + i]!;
    return { shape: [c, a * b], data: out };
  }
  if (/W_U$/.test(name)) {
    const out = new Float32Array(data.length);
    for (let i = 0; i < a; i++) for (let j = 0; j < b; j++) out[j * a + i] = data[i * b + j]!;
    return { shape: [b, a], data: out };
  }
  if (/b_[QKV]$/.test(name)) return { shape: [a * b], data };
  return { shape, data };
}

describe('a part that we do not run is refused by name', () => {
  const model = randomModel();
  test.for<[string, Parameters<typeof edited>[1], RegExp]>([
    [
      'an MLP that the config does not have',
      ({ tensors }) => {
        tensors['blocks.0.mlp.W_in'] = { shape: [1], data: [0] };
      },
      /has the tensor blocks\.0\.mlp\.W_in, which is no part of the model/,
    ],
    [
      'an MLP without an activation function',
      ({ config }) => {
        config.attn_only = false;
      },
      /MLPs whose act_fn is null; induction-lab runs relu, gelu, gelu_new, silu/,
    ],
    [
      'RMSNorm with a shift',
      ({ config }) => {
        config.normalization_type = 'RMS';
      },
      /has the tensor blocks\.0\.ln1\.b, which is no part of the model/,
    ],
    [
      't5 positions',
      ({ config }) => {
        config.positional_embedding_type = 't5';
      },
      /"t5" positions/,
    ],
    [
      'bidirectional attention',
      ({ config }) => {
        config.attention_dir = 'bidirectional';
      },
      /attention that is not causal/,
    ],
    [
      'grouped keys that are not in the file',
      ({ config }) => {
        config.n_key_value_heads = 1;
      },
      /no tensor blocks\.0\.attn\._W_K/,
    ],
    [
      'capped scores',
      ({ config }) => {
        config.attn_scores_soft_cap = 50;
      },
      /capped attention scores/,
    ],
    [
      'a missing tensor',
      ({ tensors }) => {
        delete tensors['embed.W_E'];
      },
      /no tensor embed\.W_E/,
    ],
    [
      'an unknown tensor',
      ({ tensors }) => {
        tensors.extra = { shape: [1], data: [0] };
      },
      /has the tensor extra/,
    ],
    [
      'a wrong shape',
      ({ config }) => {
        config.d_head = 4;
      },
      /W_Q has shape \[3,7,5\], its config calls for \[3,7,4\]/,
    ],
    [
      'a weight that is no number',
      ({ tensors }) => {
        tensors['unembed.W_U'] = { shape: [7, 13], data: new Float32Array(91).fill(Number.NaN) };
      },
      /unembed\.W_U holds NaN/,
    ],
    [
      'a config without sizes',
      ({ config }) => {
        delete config.n_heads;
      },
      /whole number as n_heads/,
    ],
  ])('%s', ([, edit, sentence]) => {
    expect(() => load(edited(model, edit))).toThrow(sentence);
    expect(() => load(edited(model, edit))).toThrow(FileFormatError);
  });
});

test('a file cut anywhere is refused with a sentence, never read in part', () => {
  const whole = encode(randomModel());
  fc.assert(
    fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
      expect(() => decodeCheckpoint(whole.subarray(0, length), 'cut.safetensors')).toThrow(
        /cut\.safetensors is not a readable safetensors file: .*; save or copy it again\./,
      );
    }),
  );
});

test('bytes of the header changed at random either leave the weights as they were or are refused with a sentence', () => {
  const whole = encode(randomModel());
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
      const broken = whole.slice();
      broken[at] = byte;
      try {
        decodeCheckpoint(broken, 'broken.safetensors');
      } catch (error) {
        expect(error).toBeInstanceOf(FileFormatError);
      }
    }),
    { numRuns: 400 },
  );
});

test('half precision files are read: float16 and bfloat16', () => {
  const values = { F16: [0x3c00, 0xc000, 0x0001, 0x7bff], BF16: [0x3f80, 0xc000, 0x3eab, 0x0000] };
  for (const [dtype, bits] of Object.entries(values)) {
    const header = new TextEncoder().encode(JSON.stringify({ x: { dtype, shape: [4], data_offsets: [0, 8] } }));
    const file = new Uint8Array(8 + header.length + 8);
    const view = new DataView(file.buffer);
    view.setBigUint64(0, BigInt(header.length), true);
    file.set(header, 8);
    for (const [i, b] of bits.entries()) view.setUint16(8 + header.length + 2 * i, b, true);
    const { data } = decodeSafetensors(file, 'x').tensors.x!;
    expect([...data]).toEqual((dtype === 'F16' ? [1, -2, 2 ** -24, 65504] : [1, -2, 0.333984375, 0]).map(Math.fround));
  }
});
