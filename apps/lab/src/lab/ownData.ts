// Sequences of the reader's own to train on: pasted or dropped, as numbers or as text.
import { MOST_SEEN } from '../protocol.ts';
import type { OwnData } from '../setting.ts';
import { shownWord, wordsOf } from './knownWords.ts';

/** Letters that are read. */
const MOST_LETTERS = 2e6;
/** Different tokens: a model's output has a number for each. */
const MOST_TOKENS = 1024;
/** Tokens of a window that a long sequence, or a text, is cut into. */
const WINDOW = 50;

/** The token of all words that are too rare to have one. */
const RARE = '⟨rare⟩';

const NUMBERS = /^[\s\d,;[\]]+$/;

/** Reads what was pasted or dropped. Throws an Error that says what is wrong with it, and what would be right. */
export function readOwnData(text: string, name: string): OwnData {
  if (text.length > MOST_LETTERS)
    throw new Error(
      `${name} has ${text.length.toLocaleString('en')} letters, and this page reads ${MOST_LETTERS.toLocaleString('en')}; give a part of it, or train with the command line.`,
    );
  if (text.trim() === '')
    throw new Error('There is nothing to train on yet: paste sequences of whole numbers, or a text.');
  return NUMBERS.test(text) ? ofNumbers(text, name) : ofWords(text, name);
}

/** A line is a sequence; its numbers are tokens. */
function ofNumbers(text: string, name: string): OwnData {
  const lines = text.split('\n').map((line) => (line.match(/\d+/g) ?? []).map(Number));
  const largest = lines.flat().reduce((most, token) => Math.max(most, token), 0);
  if (largest >= MOST_TOKENS)
    throw new Error(
      `${name} has the token ${largest}, and this page trains on tokens from 0 to ${MOST_TOKENS - 1}; number them anew.`,
    );
  const sequences = lines.flatMap((line) => windows(line, MOST_SEEN));
  if (sequences.length === 0)
    throw new Error(`No line of ${name} has two numbers; a line is a sequence, as 3 1 4 1 5.`);
  return made(sequences, { name, dVocab: largest + 1, words: new Map() });
}

/** Words and signs are tokens, numbered by how often they come. */
function ofWords(text: string, name: string): OwnData {
  const words = wordsOf(text);
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const known = [...counts].sort((a, b) => b[1] - a[1]).map(([word]) => word);
  const rare = known.length > MOST_TOKENS;
  const kept = rare ? [...known.slice(0, MOST_TOKENS - 1), RARE] : known;
  const tokens = new Map(kept.map((word, token) => [word, token]));
  const sequences = windows(
    words.map((word) => tokens.get(word) ?? kept.length - 1),
    WINDOW,
  );
  if (sequences.length === 0) throw new Error(`${name} has fewer than two words; paste a longer text.`);
  const shown = new Map(kept.map((word, token) => [token, shownWord(word)]));
  return made(sequences, { name, dVocab: kept.length, words: shown });
}

/** Pieces of at most so many tokens; one that is left with a single token has nothing to predict. */
function windows(tokens: readonly number[], most: number): number[][] {
  const pieces = Array.from({ length: Math.ceil(tokens.length / most) }, (_, i) =>
    tokens.slice(i * most, (i + 1) * most),
  );
  return pieces.filter((piece) => piece.length > 1);
}

function made(
  sequences: readonly (readonly number[])[],
  { name, dVocab, words }: Pick<OwnData, 'name' | 'dVocab' | 'words'>,
): OwnData {
  // The smallest model takes two tokens, and the audit a repeat.
  return {
    name,
    sequences,
    dVocab: Math.max(2, dVocab),
    nCtx: Math.max(8, ...sequences.map((s) => s.length)),
    words,
    hash: hashOf(sequences),
  };
}

/** Equal for equal sequences (FNV-1a). */
function hashOf(sequences: readonly (readonly number[])[]): string {
  let hash = 0x811c9dc5;
  for (const sequence of sequences)
    for (const token of [sequence.length, ...sequence]) hash = Math.imul(hash ^ token, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** What was read, in words. */
export function aboutData({ name, sequences, dVocab, words }: OwnData): string {
  const lengths = sequences.map((s) => s.length);
  const [low, high] = [Math.min(...lengths), Math.max(...lengths)];
  const what = words.size > 0 ? 'words' : 'numbers';
  return `${name}: ${sequences.length.toLocaleString('en')} ${sequences.length === 1 ? 'sequence' : 'sequences'} of ${low === high ? low : `${low} to ${high}`} tokens, ${dVocab.toLocaleString('en')} different ${what}.`;
}
