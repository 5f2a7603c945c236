// What the sequences of an analysis begin with, and which tokens they are drawn from. A start token (BOS) is one that a model
// saw in front of every sequence of its training and nowhere else: a head that looks for a match rests on it where there is
// none. What such a model is measured on has it in front, too; or another opening, for a model that waits for it.

/** A vocabulary, and what is known of how training used it. */
export interface Vocabulary {
  readonly dVocab: number;
  /** The token that every sequence begins with; none without it. */
  readonly bos?: number | undefined;
  /** Tokens that sequences begin with in place of the start token alone. */
  readonly opening?: readonly number[] | undefined;
  /** Tokens that training never showed. */
  readonly untrained?: readonly number[] | undefined;
}

/** What sequences begin with. */
export type Opening = Pick<Vocabulary, 'bos' | 'opening'>;

/** The tokens that every sequence begins with. */
export const openingOf = ({ bos, opening }: Opening): readonly number[] => opening ?? (bos === undefined ? [] : [bos]);

/** Position of the first token that is drawn: behind the opening. */
export const firstDrawn = (opening: Opening): number => openingOf(opening).length;

/** How many tokens there are to draw from: all but the start token, the opening's and those that training never showed. */
export const drawnVocabulary = (vocabulary: Vocabulary): number => vocabulary.dVocab - neverDrawn(vocabulary).length;

/**
 * The loss of guessing among the tokens that are drawn, nats.
 * @param vocabulary How many tokens are drawn from, or the model's config.
 * @returns Nats.
 */
export const guessingLoss = (vocabulary: Vocabulary): number => Math.log(drawnVocabulary(vocabulary));

/** Turns numbers below `drawnVocabulary` into tokens that are drawn, in place. */
export function toDrawnTokens(numbers: Int32Array, vocabulary: Vocabulary): void {
  const never = neverDrawn(vocabulary);
  if (never.length === 0) return;
  for (let t = 0; t < numbers.length; t++) numbers[t]! += neverBefore(numbers[t] as number, never);
}

/** All tokens that are drawn, in ascending order. */
export function drawnTokens(vocabulary: Vocabulary): Int32Array {
  const tokens = Int32Array.from({ length: drawnVocabulary(vocabulary) }, (_, i) => i);
  toDrawnTokens(tokens, vocabulary);
  return tokens;
}

/** How many tokens that are never drawn stand before the drawn one of that number. */
function neverBefore(number: number, never: readonly number[]): number {
  let [from, to] = [0, never.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((never[middle] as number) - middle <= number) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** By the list of untrained tokens, which may be long: the last union that was made of it. */
const unions = new WeakMap<readonly number[], { readonly of: string; readonly never: readonly number[] }>();

/** Tokens that are never drawn, in ascending order. */
function neverDrawn({ bos, opening = [], untrained }: Vocabulary): readonly number[] {
  const known = bos === undefined ? opening : [bos, ...opening];
  if (untrained === undefined) return ascending(known);
  const of = known.join();
  const last = unions.get(untrained);
  if (last?.of === of) return last.never;
  const never = ascending([...known, ...untrained]);
  unions.set(untrained, { of, never });
  return never;
}

const ascending = (tokens: readonly number[]): readonly number[] =>
  tokens.length < 2 ? tokens : [...new Set(tokens)].sort((a, b) => a - b);
