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
  private readonly tokenizer: Tokenizer;
  private readonly spelling: Spelling;
  private readonly byId: ReadonlyMap<number, string>;
  private readonly added: ReadonlyMap<number, string>;
  private readonly unknown: number | null;

  /** Throws a FileFormatError where the source is no tokenizer that can be worked with. */
  constructor({ name, json, config }: TokenizerSource) {
    this.name = name;
    const { model, added_tokens: added = [], decoder, pre_tokenizer: pre } = checked(json, name);
    const vocabulary = entriesOf(model);
    const all = (added as readonly Added[]).filter(({ id, content }) => Number.isInteger(id) && content !== undefined);
    this.added = new Map(all.map(({ id, content }) => [id, content]));
    this.byId = new Map([...vocabulary.map(([token, id]) => [id, token] as const), ...this.added]);
    this.special = new Set(all.filter(({ special }) => special).map(({ id }) => id));
    const ids = new Map([...vocabulary, ...all.map(({ id, content }) => [content, id] as const)]);
    this.unknown = unknownOf(model, ids);
    this.spelling = spellingOf(decoder, pre);
    try {
      // It may change what it is given.
      this.tokenizer = new Tokenizer(structuredClone(json) as object, structuredClone(Object(config ?? {})) as object);
      this.bos = this.startToken(Object(config ?? {}) as Settings, ids);
    } catch (error) {
      throw new FileFormatError(
        `${printable(name)} cannot be worked with as a tokenizer (${thrown(error, 120)}); save it with AutoTokenizer and save_pretrained in Python.`,
        { cause: error },
      );
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

  /** The largest token that it knows. */
  get last(): number {
    return Math.max(...this.byId.keys());
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
    readonly unk_token?: string;
    readonly unk_id?: number;
  };
  readonly added_tokens?: unknown;
  readonly decoder?: unknown;
  readonly pre_tokenizer?: unknown;
}

function checked(json: unknown, name: string): Parts {
  const parts = Object(json) as Parts;
  const { vocab } = Object(parts.model) as Parts['model'];
  if (typeof vocab !== 'object' || vocab === null || entriesOf(parts.model).length === 0)
    throw new FileFormatError(
      `${printable(name)} is no tokenizer.json: it has no vocabulary under model.vocab; name the file that a fast tokenizer's save_pretrained writes.`,
    );
  const added = parts.added_tokens;
  if (added !== undefined && added !== null && !Array.isArray(added))
    throw new FileFormatError(
      `${printable(name)}: added_tokens must be a list, got ${shortened(quoted(added), 40)}; fetch the file again.`,
    );
  return added === null ? { ...parts, added_tokens: [] } : parts;
}

/** Tokens with their numbers: an object of BPE, pairs with scores of Unigram. */
const entriesOf = ({ vocab }: Parts['model']): [token: string, id: number][] =>
  Array.isArray(vocab)
    ? vocab.flatMap((entry, id): [string, number][] => (Array.isArray(entry) ? [[String(entry[0]), id]] : []))
    : Object.entries(Object(vocab) as Record<string, number>).filter(([, id]) => Number.isInteger(id));

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
