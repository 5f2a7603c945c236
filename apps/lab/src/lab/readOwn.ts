// A typed sequence as the model on the bench takes it: by its own words, or as numbers and words of the moment.
import { type OwnTokens, readTokens } from '../ownTokens.ts';
import type { Setting } from '../setting.ts';
import { readKnownWords } from './knownWords.ts';

/** The tokens of a typed sequence for a run of a setting. */
export const readOwn = (
  text: string,
  { data }: Setting,
  model: { dVocab: number; nCtx: number; bos?: number },
): OwnTokens | null => (data && data.words.size > 0 ? readKnownWords(text, data) : readTokens(text, model));
