// The start token (BOS): a token that a model saw in front of every sequence of its training and nowhere else. A head that
// looks for a match rests on it where there is none. What such a model is measured on has it in front, too.

/** A vocabulary, and the start token if there is one. */
export interface Vocabulary {
  readonly dVocab: number;
  /** The token that every sequence begins with; none without it. */
  readonly bos?: number | undefined;
}

/** Position of the first token that is drawn: 1 behind a start token, else 0. */
export const firstDrawn = ({ bos }: Pick<Vocabulary, 'bos'>): 0 | 1 => (bos === undefined ? 0 : 1);

/** How many tokens there are to draw from: all but the start token. */
export const drawnVocabulary = (vocabulary: Vocabulary): number => vocabulary.dVocab - firstDrawn(vocabulary);

/** The loss of guessing among the tokens that are drawn, nats. */
export const guessingLoss = (vocabulary: Vocabulary): number => Math.log(drawnVocabulary(vocabulary));

/** Turns what was drawn below `drawnVocabulary` into tokens other than the start token, in place. */
export function skipStartToken(tokens: Int32Array, { bos }: Pick<Vocabulary, 'bos'>): void {
  if (bos === undefined) return;
  for (let t = 0; t < tokens.length; t++) if (tokens[t]! >= bos) tokens[t]! += 1;
}
