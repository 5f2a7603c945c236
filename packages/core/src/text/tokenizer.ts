// Text to tokens and back, as a model's own tokenizer does it. The work is @huggingface/tokenizers'; what is here says which
// token starts a sequence, which are special, and what each looks like on one line. Loaded where text is read, and nowhere else.
import { Tokenizer } from '@huggingface/tokenizers';
import { printable, quoted, shortened, thrown } from '../errors/printable.ts';
import { FileFormatError } from '../model/formats/fileFormatError.ts';
import { bytesOf, isByteToken, legible, type Spelling } from './tokenPieces.ts';

/** What a tokenizer is made of: tokenizer.json, and tokenizer_config.json where there is one. */
export interface TokenizerSource {
  /** Named in messages. */
  readonly name: string;
  readonly json: unknown;
  readonly config?: unknown;
}

/** What is wrong with a text for a tokenizer or a model: a sentence for whoever wrote it. */
export class TextError extends Error {}

interface Added {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
}

/** A model's tokenizer: texts to tokens and back, and what each token looks like. */
export class TextTokenizer {
  /** Where it comes from. */
  readonly name: string;
  /** The token that it puts in front of a text, as the model was trained; null where there is none. */
  readonly bos: number | null;
  /** Tokens that stand for no text: the start, the end, padding, roles of a chat. */
  readonly special: ReadonlySet<number>;
  /** The largest token that it knows. */
  readonly last: number;
  private readonly tokenizer: Tokenizer;
  private readonly spelling: Spelling;
  private readonly byId: ReadonlyMap<number, string>;
  private readonly added: ReadonlyMap<number, string>;
  private readonly unknown: number | null;

  /** Throws a FileFormatError where the source is no tokenizer that can be worked with. */
  constructor({ name, json, config }: TokenizerSource) {
    this.name = name;
    const parts = checked(json, name);
    const { model, decoder, pre_tokenizer: pre } = parts;
    const vocabulary = entriesOf(model);
    const all = parts.added_tokens;
    this.added = new Map(all.map(({ id, content }) => [id, content]));
    this.byId = new Map([...vocabulary.map(([token, id]) => [id, token] as const), ...this.added]);
    this.last = [...this.byId.keys()].reduce((last, id) => Math.max(last, id), -1);
    this.special = new Set(all.filter(({ special }) => special).map(({ id }) => id));
    const ids = new Map([...vocabulary, ...all.map(({ id, content }) => [content, id] as const)]);
    this.unknown = unknownOf(model, ids);
    this.spelling = spellingOf(decoder, pre);
    try {
      // It may change what it is given.
      this.tokenizer = new Tokenizer(structuredClone(parts) as object, structuredClone(Object(config ?? {})) as object);
      this.bos = this.startToken(Object(config ?? {}) as Settings, ids);
    } catch (error) {
      throw new FileFormatError(`${printable(name)} ${noUse(thrown(error, 120))}`, { cause: error });
    }
  }

  /** The tokens of a text, without a start token. Throws a TextError for a text that has characters without a token. */
  encode(text: string): number[] {
    const ids = this.plain(text);
    if (this.unknown === null || !ids.includes(this.unknown)) return ids;
    const character = [...text].find((one) => this.plain(one).includes(this.unknown as number));
    if (character === undefined) return ids; // the token was written out
    throw new TextError(`${printable(this.name)} has no token for ${quoted(character)}; write the text without it.`);
  }

  /**
   * The tokens that follow a text when it goes on with `more`: an answer after a prompt. Throws a TextError where the two grow
   * together, so that the text itself would be cut otherwise.
   */
  continuation(text: string, more: string): number[] {
    const [before, whole] = [this.encode(text), this.encode(text + more)];
    if (before.every((id, i) => id === whole[i])) return whole.slice(before.length);
    throw new TextError(
      `${quoted(more)} grows together with the end of ${quoted(text)} into other tokens; end the text before a space and begin the answer with it.`,
    );
  }

  /** The text of tokens. */
  decode(ids: readonly number[]): string {
    return this.tokenizer.decode([...ids], { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  }

  /** One token on one line: ␣ for a space, ␊ for a line's end, ⟨E2⟩ for a byte that is no whole character. */
  label(id: number): string {
    const added = this.added.get(id);
    if (added !== undefined) return printable(added);
    const token = this.byId.get(id);
    return token === undefined ? `⟨token ${id}⟩` : printable(legible(bytesOf(token, this.spelling)));
  }

  /** Whether a token stands for text of its own: no special one, no single byte to fall back on, none without a spelling. */
  isText(id: number): boolean {
    const token = this.byId.get(id);
    if (token === undefined || token === '' || this.special.has(id) || id === this.unknown) return false;
    return !(this.spelling === 'sentencepiece' && isByteToken(token));
  }

  private plain(text: string): number[] {
    return text === '' ? [] : this.tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  private startToken(config: Settings, ids: ReadonlyMap<string, number>): number | null {
    if (config.add_bos_token === false) return null;
    const sample = 'a';
    const [plain, whole] = [this.plain(sample), this.tokenizer.encode(sample).ids];
    if (whole.length > plain.length && this.special.has(whole[0]!) && whole[1] === plain[0]) return whole[0]!;
    if (config.add_bos_token !== true) return null;
    const named = typeof config.bos_token === 'string' ? config.bos_token : config.bos_token?.content;
    return named === undefined ? null : (ids.get(named) ?? null);
  }
}

interface Settings {
  readonly add_bos_token?: unknown;
  readonly bos_token?: string | { readonly content?: string };
}

interface Parts {
  readonly model: {
    readonly type?: string;
    readonly vocab?: unknown;
    readonly merges?: unknown;
    readonly unk_token?: string;
    readonly unk_id?: number;
  };
  readonly added_tokens: readonly Added[];
  readonly decoder?: unknown;
  readonly pre_tokenizer?: unknown;
}

/** No vocabulary is larger, and a number beyond it would ask for any memory. */
const MOST_TOKENS = 2 ** 24;

const noUse = (why: string): string =>
  `cannot be worked with as a tokenizer (${why}); save it with AutoTokenizer and save_pretrained in Python.`;

/** Types of tokenizers that are read; old files say none. */
const KINDS: readonly string[] = ['BPE', 'Unigram', 'WordPiece', 'WordLevel'];

/** "a b" or ["a", "b"]. */
const isMerge = (merge: unknown): boolean => {
  const pair = typeof merge === 'string' ? merge.split(' ') : merge;
  return Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
};

const isToken = (id: unknown): boolean => Number.isInteger(id) && (id as number) >= 0 && (id as number) < MOST_TOKENS;

function checked(json: unknown, name: string): Parts {
  const refuse = (what: string): never => {
    throw new FileFormatError(`${printable(name)}${what}`);
  };
  const again = 'fetch the file again';
  const parts = Object(json) as Parts;
  const { vocab } = Object(parts.model) as Parts['model'];
  if (typeof vocab !== 'object' || vocab === null || Object.keys(vocab).length === 0)
    refuse(
      ` is no tokenizer.json: it has no vocabulary under model.vocab; name the file that a fast tokenizer's save_pretrained writes.`,
    );
  for (const [token, id] of entriesOf(parts.model))
    if (!isToken(id))
      refuse(`: model.vocab gives ${quoted(token)} the number ${quoted(id)}, which is no token; ${again}.`);
  const { type, merges } = parts.model;
  if (type !== undefined && !KINDS.includes(type))
    refuse(`: its model is of the type ${quoted(type)}, and ${KINDS.join(', ')} are read; name another tokenizer.`);
  if (type === 'BPE' && !(Array.isArray(merges) && merges.every(isMerge)))
    refuse(` ${noUse('model.merges is no list of pairs of tokens')}`);
  const added = (parts.added_tokens ?? []) as unknown;
  if (!Array.isArray(added)) refuse(`: added_tokens must be a list, got ${shortened(quoted(added), 40)}; ${again}.`);
  for (const one of added as readonly unknown[]) {
    const { id, content } = Object(one) as Partial<Added>;
    if (!isToken(id) || typeof content !== 'string')
      refuse(`: added_tokens has ${shortened(quoted(one), 60)}, which has no id and content of a token; ${again}.`);
  }
  return { ...parts, added_tokens: added as readonly Added[] };
}

/** Tokens with their numbers: an object of BPE, pairs with scores of Unigram. */
const entriesOf = ({ vocab }: Parts['model']): [token: string, id: number][] =>
  Array.isArray(vocab)
    ? vocab.map((entry, id) => [
        String((Array.isArray(entry) ? entry : [entry])[0]),
        Array.isArray(entry) ? id : Number.NaN,
      ])
    : Object.entries(Object(vocab) as Record<string, number>);

function unknownOf({ unk_token: token, unk_id: id }: Parts['model'], ids: ReadonlyMap<string, number>): number | null {
  if (typeof id === 'number') return id;
  return typeof token === 'string' ? (ids.get(token) ?? null) : null;
}

/** Which of its parts a tokenizer has tells how it spells bytes. */
function spellingOf(decoder: unknown, pre: unknown): Spelling {
  const kinds = [decoder, pre].flatMap((part) => {
    const { type, decoders = [], pretokenizers = [] } = Object(part) as Record<string, unknown>;
    return [type, ...[decoders, pretokenizers].flat().map((one) => (Object(one) as { type?: unknown }).type)];
  });
  if (kinds.includes('ByteLevel')) return 'byte letters';
  return kinds.some((kind) => kind === 'Metaspace' || kind === 'ByteFallback' || kind === 'Replace')
    ? 'sentencepiece'
    : 'plain';
}
