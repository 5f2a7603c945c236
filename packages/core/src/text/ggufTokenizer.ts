// The tokenizer inside a GGUF file: its vocabulary and merges as a tokenizer.json, for the same reader.
import { quoted } from '../errors/printable.ts';
import { FileFormatError } from '../model/formats/fileFormatError.ts';
import type { TokenizerSource } from './tokenizer.ts';

/** A GGUF file's metadata, by key. */
export type GgufMetadata = Readonly<Record<string, unknown>>;

/** Kinds of a token in `tokenizer.ggml.token_type` (llama.cpp): those that are no text of their own. */
const KIND = { unknown: 2, control: 3, userDefined: 4 } as const;

/** How a text is divided before merging, by the name that llama.cpp has for it; GPT-2's way where there is no name. */
const SPLITS: Readonly<Record<string, readonly object[]>> = {
  'gpt-2': [],
  default: [],
  smollm: [{ type: 'Digits', individual_digits: true }],
  'llama-bpe': [
    split(
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    ),
  ],
  qwen2: [
    split(
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    ),
  ],
};
/** After these rules of their own, ByteLevel does not divide again. */
const DIVIDED = new Set(['llama-bpe', 'qwen2']);

function split(pattern: string): object {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}

/**
 * What the tokenizer of a GGUF file is made of; null where the file holds none. Throws a FileFormatError for a kind that is not read.
 * @param name The file's name, for messages.
 */
export function ggufTokenizer(metadata: GgufMetadata, name: string): TokenizerSource | null {
  const kind = metadata['tokenizer.ggml.model'];
  const tokens = metadata['tokenizer.ggml.tokens'] as readonly string[] | undefined;
  if (kind === undefined || tokens === undefined) return null;
  if (kind !== 'gpt2' && kind !== 'llama')
    throw new FileFormatError(
      `${name} has a tokenizer of the kind ${quoted(kind)}, and "gpt2" and "llama" are read; give its tokenizer.json with --tokenizer.`,
    );
  const types = (metadata['tokenizer.ggml.token_type'] ?? []) as readonly number[];
  const added = tokens.flatMap((content, id) =>
    types[id] === KIND.control || types[id] === KIND.unknown || types[id] === KIND.userDefined
      ? [
          {
            id,
            content,
            special: types[id] !== KIND.userDefined,
            normalized: false,
            single_word: false,
            lstrip: false,
            rstrip: false,
          },
        ]
      : [],
  );
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const parts = kind === 'gpt2' ? byteLevel(metadata, { vocab, name }) : sentencePiece(metadata, { tokens, vocab });
  const bos = metadata['tokenizer.ggml.bos_token_id'];
  const starts = metadata['tokenizer.ggml.add_bos_token'] ?? kind === 'llama';
  return {
    name,
    json: { version: '1.0', truncation: null, padding: null, added_tokens: added, post_processor: null, ...parts },
    config: { add_bos_token: starts === true, ...(typeof bos === 'number' ? { bos_token: tokens[bos] } : {}) },
  };
}

function byteLevel(metadata: GgufMetadata, { vocab, name }: { vocab: object; name: string }): object {
  const pre = (metadata['tokenizer.ggml.pre'] ?? 'default') as string;
  const splits = SPLITS[pre];
  if (!splits)
    throw new FileFormatError(
      `${name} divides text by the rule ${quoted(pre)}, which is not known here; give its tokenizer.json with --tokenizer.`,
    );
  const letters = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: !DIVIDED.has(pre) };
  return {
    normalizer: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [...splits, letters] },
    decoder: { ...letters, use_regex: true },
    model: { ...BPE, byte_fallback: false, vocab, merges: metadata['tokenizer.ggml.merges'] ?? [] },
  };
}

const BPE = {
  ...{ type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null },
  ...{ fuse_unk: false, ignore_merges: false },
};

/** SentencePiece joins the neighbours whose joint piece has the best score: every way to cut a piece in two is a merge. */
function sentencePiece(
  metadata: GgufMetadata,
  { tokens, vocab }: { tokens: readonly string[]; vocab: Readonly<Record<string, number>> },
): object {
  const scores = (metadata['tokenizer.ggml.scores'] ?? []) as readonly number[];
  const merges = tokens
    .flatMap((piece, id) => {
      const letters = [...piece];
      const cuts = Array.from({ length: Math.max(0, letters.length - 1) }, (_, i) => [
        letters.slice(0, i + 1).join(''),
        letters.slice(i + 1).join(''),
      ]);
      return cuts.filter(([a, b]) => a! in vocab && b! in vocab).map((pair) => ({ pair, score: scores[id] ?? 0, id }));
    })
    .sort((a, b) => b.score - a.score || a.id - b.id)
    .map(({ pair }) => pair);
  const space = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const prefixed = metadata['tokenizer.ggml.add_space_prefix'] !== false;
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: [...(prefixed ? [{ type: 'Prepend', prepend: '▁' }] : []), space],
    },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefixed ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      ...BPE,
      ...{ byte_fallback: true, fuse_unk: true, vocab, merges },
      unk_token: tokens[(metadata['tokenizer.ggml.unknown_token_id'] as number | undefined) ?? 0] ?? null,
    },
  };
}
