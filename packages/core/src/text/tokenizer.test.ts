// The tokenizers of two families on texts whose tokens are known, and what is said of texts and files that cannot be read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { STORIES, STORY_VOCABULARY, storySamples } from '../../test/support/stories.ts';
import { loadTokenizer, tokenizerOf } from '../nodeTokenizer.ts';
import { ggufTokenizer } from './ggufTokenizer.ts';
import { TextError, TextTokenizer } from './tokenizer.ts';
import { BYTE_LETTERS, bytesOf, legible } from './tokenPieces.ts';

const stories = (await tokenizerOf(STORIES))!;

/** A vocabulary of GPT-2's kind: all bytes, and two merges that make " the". */
const letters = {
  ...Object.fromEntries(BYTE_LETTERS.map((letter, byte) => [letter, byte])),
  Ġt: 256,
  he: 257,
  Ġthe: 258,
};
const byteLevel = {
  added_tokens: [{ id: 259, content: '<|endoftext|>', special: true }],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
  decoder: { type: 'ByteLevel' },
  post_processor: null,
  model: { type: 'BPE', vocab: letters, merges: ['Ġ t', 'h e', 'Ġt he'] },
};
const gpt = (config: object = {}): TextTokenizer =>
  new TextTokenizer({ name: 'tokenizer.json', json: byteLevel, config });

describe('the tokenizer of stories260K', () => {
  test.for(storySamples())('$text', ({ text, ids_with_bos: [bos, ...ids] }) => {
    expect(stories.bos).toBe(bos);
    expect(stories.encode(text)).toEqual(ids);
  });

  test('says what each token looks like, and which are text', () => {
    expect([1, 13, 261, 403, 198].map((id) => stories.label(id))).toEqual(['<s>', '␊', '␣a', '␣Once', '⟨C3⟩']);
    expect([0, 1, 2, 13, 198, 259, 511].map((id) => stories.isText(id))).toEqual([
      ...[false, false, false, false, false],
      ...[true, true],
    ]);
    expect(stories.decode(stories.encode('He had a ball.'))).toMatch(/^ ?He had a ball\.$/);
  });

  test('takes an answer as it goes on, not as a text of its own', () => {
    const [lily, ...more] = stories.continuation('Tim and', ' Lily');
    expect(more).toEqual([]);
    expect(stories.label(lily!)).toBe('␣Lily');
    expect(() => stories.continuation('Tim and Li', 'ly')).toThrow(/grows together with the end of/);
  });
});

describe('a vocabulary of GPT-2’s kind', () => {
  test('has a start token only where its config says so', () => {
    expect(gpt().bos).toBeNull();
    expect(gpt({ add_bos_token: true, bos_token: '<|endoftext|>' }).bos).toBe(259);
    expect(gpt({ add_bos_token: true, bos_token: { content: '<|endoftext|>' } }).bos).toBe(259);
    expect(gpt({ add_bos_token: false, bos_token: '<|endoftext|>' }).bos).toBeNull();
  });

  test('merges, and shows bytes that are half a character', () => {
    const tokenizer = gpt();
    const ids = tokenizer.encode('é the\n');
    expect(ids.map((id) => tokenizer.label(id))).toEqual(['⟨C3⟩', '⟨A9⟩', '␣the', '␊']);
    expect(tokenizer.decode(ids)).toBe('é the\n');
    expect([258, 259, 300].map((id) => tokenizer.isText(id))).toEqual([true, false, false]);
    expect(tokenizer.label(300)).toBe('⟨token 300⟩');
    expect(tokenizer.last).toBe(259);
    expect(tokenizer.encode('')).toEqual([]);
  });
});

test('characters without a token are refused with the character', () => {
  const letters = new TextTokenizer({
    name: 'letters.json',
    json: {
      ...{ added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null },
      model: { type: 'BPE', vocab: { '<unk>': 0, a: 1, b: 2 }, merges: [], unk_token: '<unk>' },
    },
  });
  expect(letters.encode('ab')).toEqual([1, 2]);
  expect(() => letters.encode('ac')).toThrow(
    new TextError('letters.json has no token for "c"; write the text without it.'),
  );
});

test('bytes are legible in one line, whatever they are', () => {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  expect(legible(encode(' a\n\t\u007fß€🙂'))).toBe('␣a␊␉␡ß€🙂');
  expect(legible(Uint8Array.of(0x61, 0xf0, 0x9f, 0xff))).toBe('a⟨F0⟩⟨9F⟩⟨FF⟩');
  expect(bytesOf('ĠÃ©', 'byte letters')).toEqual(encode(' é'));
  expect(bytesOf('▁a', 'sentencepiece')).toEqual(encode(' a'));
  expect(bytesOf('<0x0A>', 'sentencepiece')).toEqual(Uint8Array.of(10));
});

/** tokenizer.bin of llama2.c: the longest piece, then score, length and bytes of each. */
function storiesInGguf(): Record<string, unknown> {
  const bytes = readFileSync(STORY_VOCABULARY);
  const [tokens, scores, types]: [string[], number[], number[]] = [[], [], []];
  for (let at = 4; at < bytes.length; ) {
    const [score, length] = [bytes.readFloatLE(at), bytes.readInt32LE(at + 4)];
    const id = tokens.length;
    const piece = bytes.subarray(at + 8, at + 8 + length).toString('utf8');
    tokens.push(id < 3 ? ['<unk>', '<s>', '</s>'][id]! : id < 259 ? piece : piece.replaceAll(' ', '▁'));
    scores.push(score);
    types.push(id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1);
    at += 8 + length;
  }
  return {
    'tokenizer.ggml.model': 'llama',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.scores': scores,
    'tokenizer.ggml.token_type': types,
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.unknown_token_id': 0,
  };
}

describe('the tokenizer inside a GGUF file', () => {
  test('SentencePiece: scores become merges with the same tokens', () => {
    const tokenizer = new TextTokenizer(ggufTokenizer(storiesInGguf(), 'stories.gguf')!);
    expect(tokenizer.bos).toBe(1);
    for (const { text, ids_with_bos: ids } of storySamples())
      expect(tokenizer.encode(text), text).toEqual(ids.slice(1));
    expect(tokenizer.special).toEqual(new Set([0, 1, 2]));
  });

  test('bytes: merges as they are, digits one by one where the rule says so', () => {
    const tokens = [...BYTE_LETTERS, 'Ġt', 'he', 'Ġthe', '<|endoftext|>', '12'];
    const of = (pre?: string): TextTokenizer =>
      new TextTokenizer(
        ggufTokenizer(
          {
            'tokenizer.ggml.model': 'gpt2',
            'tokenizer.ggml.tokens': tokens,
            'tokenizer.ggml.merges': ['Ġ t', 'h e', 'Ġt he', '1 2'],
            'tokenizer.ggml.token_type': tokens.map((_, id) => (id === 259 ? 3 : 1)),
            ...(pre === undefined ? {} : { 'tokenizer.ggml.pre': pre }),
          },
          'x.gguf',
        )!,
      );
    const labels = (tokenizer: TextTokenizer): string[] =>
      tokenizer.encode('é the 12').map((id) => tokenizer.label(id));
    expect(labels(of())).toEqual(['⟨C3⟩', '⟨A9⟩', '␣the', '␣', '12']);
    expect(labels(of('smollm'))).toEqual(['⟨C3⟩', '⟨A9⟩', '␣the', '␣', '1', '2']);
    expect(of().bos).toBeNull();
    expect(() => of('viking')).toThrow(
      /divides text by the rule "viking", which is not known here; give its tokenizer.json/,
    );
  });

  test('another kind is refused by its name, and none is none', () => {
    expect(ggufTokenizer({}, 'x.gguf')).toBeNull();
    expect(() => ggufTokenizer({ 'tokenizer.ggml.model': 't5', 'tokenizer.ggml.tokens': ['a'] }, 'x.gguf')).toThrow(
      /x.gguf has a tokenizer of the kind "t5"/,
    );
  });
});

describe('one sentence says why a tokenizer is not read', () => {
  const made = (json: unknown) => (): unknown => new TextTokenizer({ name: 'tokenizer.json', json });
  test.for([
    [{}, /is no tokenizer.json: it has no vocabulary under model.vocab/],
    [null, /is no tokenizer.json/],
    [{ model: { type: 'BPE', vocab: {} } }, /is no tokenizer.json/],
    [{ ...byteLevel, added_tokens: 'none' }, /added_tokens must be a list, got "none"/],
    [
      { model: { type: 'BPE', vocab: { a: 1 } } },
      /cannot be worked with as a tokenizer \(.*\); save it with AutoTokenizer/,
    ],
    [{ model: { ...byteLevel.model, merges: [['a']] } }, /\(model.merges is no list of pairs of tokens\)/],
    [{ model: { ...byteLevel.model, type: 'Zorb' } }, /its model is of the type "Zorb", and BPE, Unigram/],
    [{ model: { ...byteLevel.model, vocab: { a: '1' } } }, /model.vocab gives "a" the number "1", which is no token/],
    [{ model: { ...byteLevel.model, vocab: { a: -1 } } }, /gives "a" the number -1/],
    [{ model: { ...byteLevel.model, vocab: { a: 1e9 } } }, /gives "a" the number 1000000000/],
    [{ model: { type: 'Unigram', vocab: ['a'] } }, /gives "a" the number/],
    [{ ...byteLevel, added_tokens: [{ id: 'x' }] }, /added_tokens has {"id":"x"}, which has no id and content/],
  ] as const)('%#', ([json, sentence]) => {
    expect(made(json)).toThrow(sentence);
  });

  test('as many tokens as Llama 3 and Qwen have, and no list of added ones, are no trouble', () => {
    const vocab = { ...letters, ...Object.fromEntries(Array.from({ length: 152_000 }, (_, i) => [`t${i}`, 300 + i])) };
    const json = { ...byteLevel, added_tokens: null, model: { ...byteLevel.model, vocab } };
    const large = new TextTokenizer({ name: 'tokenizer.json', json });
    expect(large.last).toBe(152_299);
    expect(large.encode(' the')).toEqual([258]);
  });

  test('a file that is not there, or of another kind', async () => {
    await expect(loadTokenizer('/nowhere/tokenizer.json')).rejects.toThrow(/There is no tokenizer at \/nowhere/);
    await expect(loadTokenizer(STORY_VOCABULARY)).rejects.toThrow(/is not a tokenizer.json; save the tokenizer/);
    await expect(loadTokenizer(join(STORIES, 'config.json'))).rejects.toThrow(/is no tokenizer.json/);
    expect(await tokenizerOf('/nowhere/model')).toBeNull();
    expect((await tokenizerOf(join(STORIES, 'model.safetensors')))!.bos).toBe(1);
  });
});
