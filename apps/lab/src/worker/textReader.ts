// Texts in words, for a model that came with its tokenizer: fetched when one is opened, since the library that does the work is large.
import { type ByteSource, isGguf, type Model, type ModelConfig, readGgufHeader } from '@induction-lab/core/browser';
import { readJsonText } from '@induction-lab/core/internal';
import { ggufTokenizer, TextError, TextTokenizer, type TokenizerSource } from '@induction-lab/core/text';
import { type GivenModel, type LanguageAnswer, type Look, MOST_SEEN, type RandomOff, type View } from '../protocol.ts';
import { languageAnswer, languageBars, randomOff } from './languageModel.ts';

/** How the tokenizer's start token is shown. */
const START = '⟨start⟩';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What a tokenizer is made of: one that was given, or a GGUF file's own. Null where there is none. */
function tokenizerFor(source: ByteSource, given: GivenModel['tokenizer']): TokenizerSource | null {
  if (given) {
    const config =
      given.config === null ? {} : { config: readJsonText(bytesOf(given.config), 'tokenizer_config.json') };
    return { name: 'tokenizer.json', json: readJsonText(bytesOf(given.json), 'tokenizer.json'), ...config };
  }
  return isGguf(source) ? ggufTokenizer(Object.fromEntries(readGgufHeader(source).metadata), source.name) : null;
}

/** What reads texts for a model in a file; null where the file came without a tokenizer. Throws a FileFormatError for one that cannot be read. */
export function readerFor(source: ByteSource, given: GivenModel['tokenizer']): TextReader | null {
  const made = tokenizerFor(source, given);
  return made && new TextReader(new TextTokenizer(made));
}

export class TextReader {
  readonly tokenizer: TextTokenizer;

  constructor(tokenizer: TextTokenizer) {
    this.tokenizer = tokenizer;
  }

  /** The model as this tokenizer knows it: the token that texts begin with, and tokens that are no text, which no sequence draws. */
  config(model: ModelConfig): ModelConfig {
    const { bos, last } = this.tokenizer;
    if (last >= model.dVocab)
      throw new Error(
        `${this.tokenizer.name} has token ${last}, and the model has ${model.dVocab} tokens; drop the tokenizer that belongs to it.`,
      );
    const start = model.bos ?? bos ?? undefined;
    const untrained = Array.from({ length: model.dVocab }, (_, token) => token).filter(
      (token) => token !== start && !this.tokenizer.isText(token),
    );
    return { ...model, ...(start === undefined ? {} : { bos: start }), untrained };
  }

  /** Live scores of all heads. */
  bars = (model: Model): Pick<View, 'bars' | 'chance'> => languageBars(model, this.tokenizer);

  /** The audit of a language model. */
  audit = (model: Model): LanguageAnswer['record'] => languageAnswer(model, this.tokenizer);

  /** Heads off beside random ones. */
  randomOff = (model: Model, view: View): RandomOff => randomOff(model, view);

  /** A look with the tokens of its text; one whose text cannot be taken keeps the probe, and says why. */
  look(look: Look, { bos, nCtx }: ModelConfig): Look {
    const { text } = look;
    if (text === null || text === undefined) return look;
    const refused = (complaint: string): Look => ({ ...look, tokens: null, typed: { text, words: NONE, complaint } });
    try {
      const all = this.tokenizer.encode(text);
      const front = bos === undefined ? [] : [bos];
      const most = Math.min(nCtx, MOST_SEEN) - front.length;
      const tokens = [...front, ...all.slice(0, most)];
      if (tokens.length < 2) return refused('Type a word or two.');
      const left = all.length - most;
      const complaint =
        left > 0 ? `This page looks at ${most} tokens of a text; the last ${left} were left out.` : null;
      return { ...look, tokens, typed: { text, words: NONE, complaint } };
    } catch (error) {
      if (error instanceof TextError) return refused(error.message);
      throw error;
    }
  }

  /** What the tokens of a view look like. */
  words({ tokens, topTokens }: Pick<View, 'tokens' | 'topTokens'>, { bos }: ModelConfig): Map<number, string> {
    const shown = new Set([...tokens, ...topTokens]);
    return new Map([...shown].map((token) => [token, token === bos ? START : this.tokenizer.label(token)]));
  }
}

const NONE: ReadonlyMap<number, string> = new Map();
