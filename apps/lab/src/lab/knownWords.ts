// Texts as the words and signs that a model trained on words knows.
import { printable, shortened } from '@induction-lab/core/internal/printable';
import type { OwnTokens } from '../ownTokens.ts';
import { MOST_SEEN } from '../protocol.ts';
import type { OwnData } from '../setting.ts';

/** Letters of a word that are shown. */
const WORD = 24;

/** A word as it is shown. */
export const shownWord = (word: string): string => shortened(printable(word), WORD);

/** Words and signs, in small letters. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}'’]+|[^\s\p{L}\p{N}]/gu) ?? [];

/** A typed sequence for a model that was trained on words: those it knows are its own tokens, and others are named. */
export function readKnownWords(text: string, { words, nCtx }: OwnData): OwnTokens | null {
  const byWord = new Map([...words].map(([token, word]) => [word, token]));
  const typed = wordsOf(text);
  const strangers = [...new Set(typed.filter((word) => !byWord.has(word)))];
  const tokens = typed.flatMap((word) => byWord.get(word) ?? []).slice(0, Math.min(nCtx, MOST_SEEN));
  if (tokens.length < 2 && strangers.length === 0) return null;
  const named = strangers.slice(0, 4).map((word) => `“${shownWord(word)}”`);
  const complaint =
    strangers.length === 0
      ? null
      : `${named.join(', ')}${strangers.length > named.length ? ` and ${strangers.length - named.length} more` : ''} did not come in the text it was trained on, and ${strangers.length > 1 ? 'were' : 'was'} left out.`;
  return { tokens: tokens.length < 2 ? [] : tokens, words, complaint };
}
