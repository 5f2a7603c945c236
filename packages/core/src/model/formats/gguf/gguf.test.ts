// GGUF files as llama.cpp's package packs them against the values that it unpacks and the logits that transformers computes of these in
// float64 (scripts/golden/ggufFiles.py), and what is said of files that cannot be read.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ggufFile, type Written } from '../../../../test/support/ggufFile.ts';
import { distance } from '../../../../test/support/golden.ts';
import { referenceEngine } from '../../../engine/engine.ts';
import { Model } from '../../model.ts';
import { sourceOf } from '../byteSource.ts';
import { decodeCheckpoint } from '../checkpoint.ts';
import { FileFormatError } from '../fileFormatError.ts';
import { readGgufHeader } from './ggufHeader.ts';
import { READ_TYPES } from './ggufTypes.ts';

const GOLDEN = fileURLToPath(new URL('../../../../test/golden/gguf', import.meta.url));
const golden = JSON.parse(readFileSync(`${GOLDEN}/golden.json`, 'utf8')) as {
  types: Record<string, { number: number; bytes: string; values: number[] }>;
  models: Record<string, { tokens: number[][]; logits: number[] }>;
};

/** transformers computes rotary angles in float32, whatever the rest is computed in. */
const ANGLES = 1e-5;

describe.for(Object.entries(golden.models))('%s', ([name, { tokens, logits }]) => {
  test('has the logits that transformers computes of the unpacked weights', () => {
    const { config, weights } = decodeCheckpoint(readFileSync(`${GOLDEN}/${name}.gguf`), `${name}.gguf`);
    const model = new Model(referenceEngine, config);
    model.setWeights(weights);
    expect(distance(model.run(tokens).logits, logits)).toBeLessThan(ANGLES);
  });
});

test.for(Object.entries(golden.types))('%s is unpacked to the last bit', ([name, { number, bytes, values }]) => {
  const type = READ_TYPES.get(number)!;
  expect(type.name).toBe(name);
  expect([...type.unpack(Buffer.from(bytes, 'hex'), values.length)]).toEqual(values);
});

test('there is a golden value of every type that is read', () => {
  expect(Object.keys(golden.types).sort()).toEqual([...READ_TYPES.values()].map(({ name }) => name).sort());
});

test('metadata keep the vocabulary and its merges', () => {
  const { metadata } = readGgufHeader(sourceOf(readFileSync(`${GOLDEN}/llama.gguf`), 'llama.gguf'));
  expect(metadata.get('tokenizer.ggml.tokens')).toEqual([...'abcdefghijklm']);
  expect(metadata.get('tokenizer.ggml.merges')).toEqual(['a b', 'b c']);
});

test('without output.weight the unembedding is tied, with it it is not', () => {
  const configOf = (name: string): boolean =>
    decodeCheckpoint(readFileSync(`${GOLDEN}/${name}.gguf`), name).config.tied;
  expect([configOf('llama'), configOf('llama-tied')]).toEqual([false, true]);
});

const SIZES: Written['metadata'] = {
  'general.architecture': 'llama',
  ...{ 'llama.block_count': 1, 'llama.context_length': 8, 'llama.embedding_length': 4, 'llama.feed_forward_length': 3 },
  ...{ 'llama.attention.head_count': 2, 'llama.attention.layer_norm_rms_epsilon': 0.00001 },
};
const LLAMA: Written['tensors'] = {
  ...{ 'token_embd.weight': [5, 4], 'output_norm.weight': [4] },
  ...{ 'blk.0.attn_norm.weight': [4], 'blk.0.attn_q.weight': [4, 4], 'blk.0.attn_k.weight': [4, 4] },
  ...{ 'blk.0.attn_v.weight': [4, 4], 'blk.0.attn_output.weight': [4, 4], 'blk.0.ffn_norm.weight': [4] },
  ...{ 'blk.0.ffn_gate.weight': [3, 4], 'blk.0.ffn_up.weight': [3, 4], 'blk.0.ffn_down.weight': [4, 3] },
};
const written = (changes: Partial<Written> = {}): Uint8Array =>
  ggufFile({ ...changes, metadata: { ...SIZES, ...changes.metadata }, tensors: { ...LLAMA, ...changes.tensors } });

test('a file that is written here is read', () => {
  expect(decodeCheckpoint(written(), 'a.gguf').config).toMatchObject({ nHeads: 2, dMlp: 3, tied: true, rotaryDim: 2 });
});

describe('one sentence says why a file is not read', () => {
  const without = (name: string): Uint8Array => {
    const { [name]: _, ...rest } = LLAMA;
    return ggufFile({ metadata: SIZES, tensors: rest });
  };
  /** A file with eight bytes at a place replaced. */
  const patched = (at: number, value: bigint): Uint8Array => {
    const bytes = written();
    new DataView(bytes.buffer).setBigUint64(at, value, true);
    return bytes;
  };
  const HUGE = 2n ** 60n;

  test.for<[string, () => Uint8Array, RegExp]>([
    [
      'a type that is not read',
      () => written({ types: { 'blk.0.ffn_up.weight': 14 } }),
      /blk\.0\.ffn_up\.weight is of type Q6_K, which .* does not read; fetch the model as one of F32, F16, BF16, /,
    ],
    ['a type that nobody knows', () => written({ types: { 'blk.0.ffn_up.weight': 99 } }), /of type number 99/],
    [
      'another architecture',
      () => written({ metadata: { 'general.architecture': 'mamba' } }),
      /architecture "mamba" are not read .* reads llama, qwen2/,
    ],
    [
      'one file of several',
      () => written({ metadata: { 'split.count': 3 } }),
      /is one of 3 files of a model; put them together with llama-gguf-split/,
    ],
    ['no architecture', () => ggufFile({ metadata: {}, tensors: {} }), /architecture undefined are not read/],
    [
      'experts',
      () => written({ metadata: { 'llama.expert_count': 8 } }),
      /llama\.expert_count = 8, which induction-lab does not run/,
    ],
    [
      'a field that is not known',
      () => written({ metadata: { 'llama.new_thing': 1 } }),
      /llama\.new_thing = 1, which may change/,
    ],
    [
      'another scaling',
      () => written({ metadata: { 'llama.rope.scaling.type': 'yarn' } }),
      /"yarn" scaling of rotary positions/,
    ],
    [
      'factors that are not Llama 3’s',
      () => written({ tensors: { 'rope_freqs.weight': [1] } }),
      /otherwise than Llama 3/,
    ],
    [
      'a size that is missing',
      () => written({ metadata: { 'llama.block_count': 'many' } }),
      /whole number as block_count, got "many"/,
    ],
    ['a tensor that is missing', () => without('blk.0.attn_v.weight'), /lacks the tensor blk\.0\.attn_v\.weight/],
    [
      'more layers than tensors, told at once',
      () => written({ metadata: { 'llama.block_count': 65000 } }),
      /has 11 tensors, too few for the 65000 layers that its config calls for/,
    ],
    ['no embedding', () => without('token_embd.weight'), /lacks the tensor token_embd\.weight/],
    [
      'a tensor more',
      () => written({ tensors: { 'blk.1.attn_v.weight': [4, 4] } }),
      /has the tensor blk\.1\.attn_v\.weight, which is no part/,
    ],
    [
      'a tensor of another shape',
      () => written({ tensors: { 'blk.0.attn_q.weight': [4, 8] } }),
      /attn_q\.weight has shape \[4,8\], its config calls for \[4,4\]/,
    ],
    [
      'rows that blocks do not divide',
      () => written({ types: { 'blk.0.ffn_up.weight': 2 } }),
      /has rows of 4, which Q4_0 cannot hold/,
    ],
    [
      'a truncated file',
      () => written().subarray(0, -40),
      /should end at byte \d+, the file ends at \d+ \(truncated\)/,
    ],
    ['a truncated header', () => written().subarray(0, 90), /truncated/],
    ['nothing but the beginning', () => written().subarray(0, 4), /ends at byte 4, inside its header/],
    ['an old version', () => written({ version: 1 }), /version 1, not 2 or 3/],
    ['the other byte order', () => written({ version: 3 << 24 }), /big-endian/],
    ['2^60 tensors', () => patched(8, HUGE), /should hold 1152921504606846976 tensors/],
    ['2^60 values of metadata', () => patched(16, HUGE), /should hold 1152921504606846976 values of metadata/],
    ['a key of 2^60 bytes', () => patched(24, HUGE), /1152921504606846976 bytes of text/],
    ['overlapping tensors', () => written({ offsets: { 'blk.0.attn_v.weight': 0 } }), /overlaps/],
    ['an offset beyond the end', () => written({ offsets: { 'blk.0.attn_v.weight': 2 ** 40 } }), /should end at byte/],
    [
      'an offset beyond all files',
      () => written({ offsets: { 'blk.0.attn_v.weight': 2n ** 63n } }),
      /begins at offset 9223372036854775808/,
    ],
    ['an offset between two places', () => written({ offsets: { 'blk.0.attn_v.weight': 1 } }), /no multiple of 32/],
    ['an alignment of 3', () => written({ metadata: { 'general.alignment': 3 } }), /no power of two/],
    ['five axes', () => written({ tensors: { 'blk.0.attn_v.weight': [1, 1, 1, 4, 4] } }), /has 5 axes/],
    [
      'an axis that cannot be counted',
      () => written({ tensors: { 'blk.0.attn_v.weight': [2 ** 40, 2 ** 40] } }),
      /more than can be counted/,
    ],
    ['an empty tensor', () => written({ tensors: { 'blk.0.attn_v.weight': [0, 4] } }), /which is empty/],
    [
      'the same tensor twice',
      () => written({ again: 'blk.0.attn_v.weight' }),
      /has the tensor blk\.0\.attn_v\.weight twice/,
    ],
    [
      'a number that is none',
      () => written({ values: { 'blk.0.attn_v.weight': Number.NaN } }),
      /attn_v\.weight holds NaN at element 0/,
    ],
    [
      'sizes that no memory holds',
      () => written({ metadata: { 'llama.feed_forward_length': 2 ** 31 - 1 } }),
      /the model is too large: its weights take 96\.0 GiB/,
    ],
  ])('%s', ([, make, sentence]) => {
    const read = (): unknown => decodeCheckpoint(make(), 'a.gguf');
    expect(read).toThrow(sentence);
    expect(read).toThrow(FileFormatError);
    expect(read).toThrow(/^a\.gguf\b[^\n]+\.$/);
  });
});
