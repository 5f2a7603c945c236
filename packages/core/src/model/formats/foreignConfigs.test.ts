// Configs and names of foreign checkpoints: what changes the computation is refused by name, what is missing is said with
// what was found instead, and the names of TransformerLens 4's bridge are read.
import { describe, expect, test } from 'vitest';
import { randomModel, randomTokens } from '../../../test/support/models.ts';
import { fileOf } from '../../../test/support/safetensorsFile.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { type ModelOptions, modelConfig, POSITIONS } from '../config.ts';
import { Model } from '../model.ts';
import { type NamedWeights, Parameters, weightsOf } from '../parameters.ts';
import { decodeCheckpoint, encodeCheckpoint, toTransformerLensConfig } from './checkpoint.ts';
import { decodeSafetensors, encodeSafetensors, FileFormatError } from './safetensors.ts';

const SIZES: ModelOptions = { nLayers: 2, nHeads: 3, dModel: 7, dHead: 5, nCtx: 11, dVocab: 13, biases: true };
const tokens = randomTokens({ sequences: 1, length: 7 }, 13);
const model = randomModel(referenceEngine, SIZES);
const config = toTransformerLensConfig(model.config);

/** The model's tensors under other names, without a config of their own. */
function renamed(rename: (name: string) => string | null, of: Model = model): Uint8Array {
  const { tensors } = decodeSafetensors(encodeCheckpoint(of.config, of.getWeights()), 'x');
  const entries = Object.entries(tensors).flatMap(([name, tensor]) => {
    const other = rename(name);
    return other === null ? [] : [[other, tensor] as const];
  });
  return encodeSafetensors(Object.fromEntries(entries), {});
}

const plain = renamed((name) => name);
const decode = (changes: object = {}, bytes = plain, file = 'it.safetensors'): ReturnType<typeof decodeCheckpoint> =>
  decodeCheckpoint(bytes, file, { config: { ...config, ...changes } });
const logits = ({ config, weights }: ReturnType<typeof decodeCheckpoint>): ArrayLike<number> => {
  const loaded = new Model(referenceEngine, config);
  loaded.setWeights(weights);
  return loaded.run(tokens).logits;
};

function expectRefusal(act: () => unknown, sentence: RegExp): void {
  expect(act).toThrow(FileFormatError);
  expect(act).toThrow(sentence);
  expect(act).toThrow(/^it\S*safetensors[ :][^\n]{10,900}\.$/);
}

describe('a config field that changes the computation is refused by name', () => {
  test.for<[string, unknown]>([
    ['final_rms', true],
    ['use_dynamic_ntk_rope', true],
    ['use_yarn_rope', true],
    ['rope_scaling', { rope_type: 'linear', factor: 2 }],
    ['rotary_scaling_factor', 8],
    ['rotary_adjacent_pairs', 'false'],
    ['rotary_interleaved_cos_sin', true],
    ['clip_qkv', 8],
    ['use_logn_attn', true],
    ['use_attention_sinks', true],
    ['attn_scores_soft_cap', 50],
    ['attn_scores_soft_cap', '50'],
    ['output_logits_soft_cap', 30],
    ['use_qk_norm', 1],
    ['qk_norm_after_rope', true],
    ['uses_rms_norm', true],
    ['rmsnorm_uses_offset', true],
    ['post_embedding_ln', true],
    ['use_normalization_before_and_after', true],
    ['use_local_attn', true],
    ['scale_attn_by_inverse_layer_idx', true],
    ['scale_embedding', true],
    ['parallel_attn_mlp', true],
    ['num_experts', 4],
    ['load_in_4bit', true],
    ['quantization_method', 'gptq'],
    ['per_layer_head_dim', [5, 5]],
    ['n_key_value_heads', '3'],
    ['original_architecture', 'Olmo2ForCausalLM'],
    ['attention_dir', 'bidirectional'],
    ['attn_only', 'true'],
    ['positional_embedding_type', 't5'],
    ['normalization_type', 'RMSPre'],
    ['normalization_type', 'None'],
    ['d_vocab_out', 12],
  ])('%s: %j', ([field, value]) => expectRefusal(() => decode({ [field]: value }), new RegExp(field)));
});

describe('a value of another type is refused', () => {
  const numbers = [
    'n_layers',
    'n_heads',
    'd_model',
    'd_head',
    'n_ctx',
    'd_vocab',
    'eps',
    'attn_scale',
    'rotary_dim',
    'rotary_base',
  ];
  test.for(numbers)('%s as text, as a list, as no number', (field) => {
    for (const value of ['1', [1], true, {}, Number.NaN])
      expectRefusal(() => decode({ [field]: value }), new RegExp(`number as ${field}, got`));
    expectRefusal(() => decode({ [field]: '0.1' }), /write it without quotation marks/);
  });

  test('sizes that are no size, and an attention scale of zero', () => {
    for (const value of [0, -1, 2 ** 31, 2 ** 53]) expectRefusal(() => decode({ n_heads: value }), /nHeads must be/);
    for (const value of [0, -2]) expectRefusal(() => decode({ attn_scale: value }), /positive number as attn_scale/);
    expectRefusal(() => decode({ use_attn_scale: 'no' }), /true or false as use_attn_scale/);
  });
});

test('a field that is not known to be harmless is refused with the nearest known one', () => {
  expectRefusal(() => decode({ n_head: 3 }), /the field "n_head", which .* the nearest known field is n_heads/);
  expectRefusal(() => decode({ use_new_trick: false }), /the field "use_new_trick"/);
  expectRefusal(() => decode(JSON.parse('{"__proto__": 1}')), /the field "__proto__"/);
  const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`${'x'.repeat(300)}${i}`, i]));
  expectRefusal(() => decode(many), /xxx… \(and 19,999 more\)/);
});

test('fields that do not change an attention-only model are accepted, whatever they hold', () => {
  const idle = {
    ...{ d_mlp: 28, act_fn: 'gelu', device: 'cuda', dtype: 'torch.float16', seed: 5, n_params: 1e6, init_mode: 'gpt2' },
    ...{ model_name: 'x', tokenizer_name: null, n_devices: 2, use_attn_result: true, gated_mlp: true, window_size: 8 },
    ...{ yarn_factor: 4, NTK_by_parts_factor: 8, final_rms: false, use_yarn_rope: null, attn_scores_soft_cap: -1 },
    ...{ n_key_value_heads: 3, d_vocab_out: -1, attn_scale: -1, rotary_dim: null, original_architecture: 'neel' },
    ...{ layer_norm_folding: false, architecture: 'TransformerLensNative', is_multimodal: false, rope_scaling: null },
  };
  expect(logits(decode(idle))).toEqual(model.run(tokens).logits);
});

test('a folded LayerNorm (LNPre) has no gains: a file that holds some is refused', () => {
  expectRefusal(() => decode({ normalization_type: 'LNPre' }), /gains and shifts of LayerNorms.*LNPre.*say "LN"/);
  const folded = decode(
    { normalization_type: 'LNPre' },
    renamed((name) => (/\bln/.test(name) ? null : name)),
  );
  expect(new Set(folded.weights['ln_final.w']!.data as Float32Array)).toEqual(new Set([1]));
});

describe('TransformerLens 4', () => {
  const bridge = (name: string): string =>
    name
      .replace('unembed.W_U', 'unembed.weight')
      .replace('unembed.b_U', 'unembed.bias')
      .replace('pos_embed.W_pos', 'pos_embed.weight')
      .replace(/^embed\.W_E/, 'embed.weight')
      .replace(/\.w$/, '.weight')
      .replace(/(ln1|ln_final)\.b$/, '$1.bias')
      .replace(/W_([QKVO])$/, (_, part: string) => `${part.toLowerCase()}.weight`)
      .replace(/b_([QKVO])$/, (_, part: string) => `${part.toLowerCase()}.bias`);

  /** PyTorch's [out, in], heads joined, element by element. */
  function asPyTorch(name: string, { shape, data }: NamedWeights[string]): NamedWeights[string] {
    const [a = 1, b = 1, c = 1] = shape;
    const at = (i: number): number => data[i] as number;
    if (/W_[QKV]$/.test(name))
      return {
        shape: [a * c, b],
        data: Array.from(data, (_, i) => at((Math.floor(i / b / c) * b + (i % b)) * c + (Math.floor(i / b) % c))),
      };
    if (/W_O$/.test(name))
      return { shape: [c, a * b], data: Array.from(data, (_, i) => at((i % (a * b)) * c + Math.floor(i / (a * b)))) };
    if (/W_U$/.test(name))
      return { shape: [b, a], data: Array.from(data, (_, i) => at((i % a) * b + Math.floor(i / a))) };
    return /b_[QKV]$/.test(name) ? { shape: [a * b], data } : { shape, data };
  }
  const stateDict = (of: Model): Uint8Array =>
    encodeSafetensors(
      Object.fromEntries(Object.entries(of.getWeights()).map(([name, t]) => [bridge(name), asPyTorch(name, t)])),
      {},
    );

  test('the names of bridge.state_dict() are read', () => {
    expect(logits(decode({}, stateDict(model)))).toEqual(model.run(tokens).logits);
  });

  test('it divides by the root of d_head even where use_attn_scale is false', () => {
    expect(decode({ use_attn_scale: false }, stateDict(model)).config.attnScale).toBe(Math.sqrt(5));
    expect(decode({ use_attn_scale: false }).config.attnScale).toBe(1);
  });

  test('rotary pairs under its names are neighbours, whatever its config says', () => {
    const rotary = randomModel(referenceEngine, { ...SIZES, positions: 'rotary', rotaryAdjacentPairs: true });
    const rotaryConfig = { ...toTransformerLensConfig(rotary.config), rotary_adjacent_pairs: false };
    const read = decodeCheckpoint(stateDict(rotary), 'it.safetensors', { config: rotaryConfig });
    expect(logits(read)).toEqual(rotary.run(tokens).logits);
    const halves = decodeCheckpoint(encodeCheckpoint(rotary.config, rotary.getWeights()), 'x', {
      config: rotaryConfig,
    });
    expect(logits(halves)).not.toEqual(rotary.run(tokens).logits);
  });

  test('rotary pairs of a model that its bridge has from elsewhere may lie in either way, and are refused', () => {
    const rotary = randomModel(referenceEngine, { ...SIZES, positions: 'rotary' });
    const config = { ...toTransformerLensConfig(rotary.config), architecture: 'LlamaForCausalLM' };
    expectRefusal(
      () => decodeCheckpoint(stateDict(rotary), 'it.safetensors', { config }),
      /rotary positions of "LlamaForCausalLM" .* save_pretrained/,
    );
  });

  test('ALiBi is read under legacy names, with the table of positions that TransformerLens lays out and does not use', () => {
    const alibi = randomModel(referenceEngine, { ...SIZES, positions: 'alibi' });
    const { tensors } = decodeSafetensors(encodeCheckpoint(alibi.config, alibi.getWeights()), 'x');
    const { nCtx, dModel } = alibi.config;
    const idle = { 'pos_embed.W_pos': { shape: [nCtx, dModel], data: new Float32Array(nCtx * dModel) } };
    const config = toTransformerLensConfig(alibi.config);
    expect(config.positional_embedding_type).toBe('alibi');
    const read = decodeCheckpoint(encodeSafetensors({ ...tensors, ...idle }, {}), 'it.safetensors', { config });
    expect(read.config).toEqual(alibi.config);
    expect(Object.keys(read.weights)).toEqual(Object.keys(alibi.getWeights()));
    const native = encodeSafetensors({ 'layers.0.attn.q.weight': { shape: [1], data: [0] } }, {});
    expectRefusal(
      () => decodeCheckpoint(native, 'it.safetensors', { config }),
      /alibi positions under the names of TransformerLens 4, whose own models have none/,
    );
  });

  test('one weight under two names is refused', () => {
    const both = decodeSafetensors(plain, 'x').tensors;
    const file = encodeSafetensors({ ...both, 'tok_embed.weight': both['embed.W_E']! }, {});
    expectRefusal(() => decode({}, file), /the same weight twice, as embed\.W_E and as tok_embed\.weight/);
  });
});

describe('a missing tensor is said with what was found instead', () => {
  test.for<[string, (name: string) => string | null, RegExp]>([
    [
      'W_U of a tied model',
      (name) => (name === 'unembed.W_U' ? null : name),
      /no tensor unembed\.W_U.*tied.*weights\["unembed\.W_U"\] = weights\["embed\.W_E"\]\.T/,
    ],
    [
      'torch.compile',
      (name) => `_orig_mod.${name}`,
      /all its names begin with "_orig_mod\.", which torch\.compile puts there.*k\.replace\("_orig_mod\.", ""\)/,
    ],
    [
      'torch.compile of blocks',
      (name) => name.replace(/^(blocks\.\d+)/, '$1._orig_mod'),
      /of its 26 names hold "_orig_mod\."/,
    ],
    ['DataParallel', (name) => `module.${name}`, /all its names begin with "module\."/],
    ['a prefix', (name) => `model.${name}`, /all its names begin with "model\.": .*removeprefix\("model\."\)/],
    ['a prefix of several parts', (name) => `net.transformer.${name}`, /removeprefix\("net\.transformer\."\)/],
    [
      'a slip in a name',
      (name) => name.replace('blocks.1.attn.W_Q', 'blocks.1.attn.WQ'),
      /no tensor blocks\.1\.attn\.W_Q.*the nearest of its 26 names are .*blocks\.1\.attn\.WQ/,
    ],
    ['names of another library', (name) => name.replace('embed.W_E', 'wte'), /the nearest of its 26 names are/],
    ['no tensor at all', () => null, /no tensor embed\.W_E.*none at all/],
  ])('%s', ([, rename, sentence]) => expectRefusal(() => decode({}, renamed(rename)), sentence));

  test('one shard of several is told by its name', () => {
    const shard = renamed((name) => (name.startsWith('blocks.1') ? null : name));
    const file = 'it-00001-of-00002.safetensors';
    expectRefusal(
      () => decode({}, shard, file),
      /no tensor blocks\.1\.\S+, .* shard 1 of 2.*glob\("it-\*-of-00002\.safetensors"\)/,
    );
    expectRefusal(() => decodeCheckpoint(shard, file), /holds no config and is by its name shard 1 of 2/);
  });

  test('a tensor of whole numbers is no weight', () => {
    const bytes = plain.slice();
    const header = new TextDecoder().decode(bytes).indexOf('"embed.W_E":{"dtype":"F32"');
    bytes.set(new TextEncoder().encode('"embed.W_E":{"dtype":"I32"'), header);
    expectRefusal(() => decode({}, bytes), /no tensor embed\.W_E of fractions \(what it has there is I32\)/);
  });
});

test('what a file says of itself is checked too', () => {
  const own = (induction_lab: string): Uint8Array =>
    encodeSafetensors(decodeSafetensors(plain, 'x').tensors, { config: JSON.stringify(config), induction_lab });
  const read = (text: string) => () => decodeCheckpoint(own(text), 'it.safetensors');
  for (const text of ['{', '[]', '{"tied": "yes"}', '{"positions": "up"}', '{"more": 1}', 'null'])
    expectRefusal(read(text), /metadata induction_lab must hold/);
  expectRefusal(read('{"positions": "rotary"}'), /"rotary" positions in its metadata .* "standard" in its config/);
  expectRefusal(read('{"tied": true}'), /tied, but W_U is not the transpose/);
  expect(read('{"positions": "standard", "tied": false, "biases": true}')().config).toEqual(model.config);
});

test('the shapes that a file is compared with are those that a model lays out', () => {
  for (const positions of POSITIONS)
    for (const normalization of ['LN', null] as const)
      for (const on of [true, false]) {
        const options = modelConfig({ ...SIZES, positions, normalization, biases: on, tied: on });
        const laidOut = new Parameters(options, referenceEngine.createArena()).all;
        expect([...weightsOf(options)].map(({ name, layout }) => [name, layout.shape])).toEqual(
          laidOut.map(({ name, shape }) => [name, shape]),
        );
      }
});

describe('what is written can be read: anything else is refused', () => {
  const weights = model.getWeights();
  const W = weights['embed.W_E'] as NamedWeights[string];
  const untyped = (value: unknown): never => value as never;
  test.for<[string, () => unknown, RegExp]>([
    ['a model', () => encodeCheckpoint(untyped(model), weights), /encodeCheckpoint: config\.nLayers is missing/],
    ['no weights', () => encodeCheckpoint(model.config, {}), /weights has no embed\.W_E/],
    ['a null', () => encodeCheckpoint(model.config, untyped(null)), /weights must be/],
    ['another config', () => encodeCheckpoint({ ...model.config, nHeads: 4 }, weights), /W_Q has shape/],
    ['an unknown field', () => encodeCheckpoint(untyped({ ...model.config, foo: 1 }), weights), /unknown field "foo"/],
    ['a weight too many', () => encodeCheckpoint(model.config, { ...weights, x: W }), /has "x", which is no weight/],
    [
      'a number that is none',
      () => encodeCheckpoint(model.config, { ...weights, 'embed.W_E': { ...W, data: Array.from(W.data, () => 1e39) } }),
      /embed\.W_E holds 1e\+39 at element 0/,
    ],
    [
      'too few numbers',
      () => encodeCheckpoint(model.config, { ...weights, 'embed.W_E': { ...W, data: [1] } }),
      /holds 1 numbers/,
    ],
    [
      'metadata',
      () => encodeCheckpoint(model.config, weights, untyped({ step: 5 })),
      /metadata\.step must be a string/,
    ],
    ['no bytes', () => decodeCheckpoint(untyped(undefined), 'x'), /expected the file's bytes as a Uint8Array/],
    ['a buffer', () => decodeSafetensors(untyped(new ArrayBuffer(8)), 'x'), /wrap an ArrayBuffer/],
    ['no name', () => decodeCheckpoint(plain, untyped(undefined)), /expected the file's name/],
    ['a config as options', () => decodeCheckpoint(plain, 'x', untyped({ nLayers: 7 })), /unknown field "nLayers"/],
  ])('%s', ([, act, sentence]) => {
    expect(act).toThrow(sentence);
  });
});

test('a number that float32 cannot hold is refused', () => {
  expectRefusal(() => decode({ eps: 1e300 }), /eps/);
});

test('a stored attention mask is causal, or refused', () => {
  const length = 4;
  const withMask = (sees: (query: number, key: number) => boolean): Uint8Array => {
    const start = 8 + Number(new DataView(plain.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(plain.subarray(8, start)));
    const data = plain.subarray(start);
    const name = 'blocks.0.attn.mask';
    header[name] = { dtype: 'BOOL', shape: [length, length], data_offsets: [data.length, data.length + length ** 2] };
    const mask = Array.from({ length: length ** 2 }, (_, i) => Number(sees(Math.floor(i / length), i % length)));
    return fileOf(header, Uint8Array.of(...data, ...mask));
  };
  expect(
    decode(
      {},
      withMask((q, k) => k <= q),
    ).config.nLayers,
  ).toBe(2);
  for (const sees of [() => true, () => false, (q: number, k: number) => k <= q && q - k < 2])
    expectRefusal(() => decode({}, withMask(sees)), /attention mask that is not causal \(blocks\.0\.attn\.mask/);
});
