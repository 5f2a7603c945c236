// The tokens that random sequences of a language model are drawn from: those that its training has shown it.
import { ArgumentError } from '../../errors/arguments.ts';
import type { Model } from '../../model/model.ts';
import { untrainedTokens } from '../map/untrainedTokens.ts';

/** What is known of tokens beside the weights; a tokenizer knows it. */
export interface TokenKinds {
  /**
   * Whether a token stands for text of its own: no special one, no fallback byte, none without a spelling.
   * @param token The token.
   */
  isText(token: number): boolean;
}

/** Tokens to draw from. */
export interface Vocabulary {
  /** Tokens to draw, in ascending order. */
  readonly tokens: readonly number[];
  /** How many were left out, and why. */
  readonly leftOut: {
    /** The start token, special tokens, fallback bytes, numbers without a spelling; the start token alone where no tokenizer is known. */
    readonly notText: number;
    /** Tokens whose embeddings look as if training had never moved them. */
    readonly untrained: number;
    /** Tokens that were not among those asked for. */
    readonly notAsked: number;
  };
}

/**
 * The tokens to draw: of those asked for (all unless told) the ones that are text and that training has moved. What was asked for
 * by number is taken as it is, but for the start token. Throws an ArgumentError for a token that the model does not have, and where fewer than two are left.
 * @param options Which tokens may be drawn.
 * @param options.asked The tokens asked for: then no other is drawn.
 */
export function drawnTokens(
  model: Model,
  { kinds, asked }: { kinds?: TokenKinds | null; asked?: readonly number[] } = {},
): Vocabulary {
  const { dVocab, bos } = model.config;
  const wrong = asked?.find((token) => !(Number.isInteger(token) && token >= 0 && token < dVocab));
  if (wrong !== undefined)
    throw new ArgumentError(`drawnTokens: ${wrong} is no token of this model, which has 0 to ${dVocab - 1}.`);
  const wanted = asked ? new Set(asked) : null;
  const all = Array.from({ length: dVocab }, (_, token) => token);
  const named = wanted ? all.filter((token) => wanted.has(token)) : all;
  const text = named.filter((token) => token !== bos && (wanted !== null || !kinds || kinds.isText(token)));
  const untrained = new Set(wanted ? [] : untrainedTokens(model, text));
  const tokens = text.filter((token) => !untrained.has(token));
  const leftOut = {
    notText: named.length - text.length,
    untrained: untrained.size,
    notAsked: dVocab - named.length,
  };
  if (tokens.length < 2)
    throw new ArgumentError(
      `drawnTokens: ${tokens.length} tokens are left to draw, and a block takes at least two; ask for others.`,
    );
  return { tokens, leftOut };
}
