// The reader's own sequence: whole numbers are tokens, any other word gets a token of its own.
import { listed } from '@induction-lab/core/internal/names';
import { printable, quoted, shortened } from '@induction-lab/core/internal/printable';
import { MOST_SEEN } from './protocol.ts';

export interface OwnTokens {
  /** Two or more, or none where the sequence was refused. */
  readonly tokens: readonly number[];
  /** What was typed for each token that stands for a word. */
  readonly words: ReadonlyMap<number, string>;
  /** Why something was left out, or everything refused; null when nothing was. */
  readonly complaint: string | null;
}

/** What can only be meant as a number, with any of the signs that a keyboard or a text program writes for minus. */
const NUMBER = /^[+\-−–]?(0x[\da-f]+|(\d+\.?\d*|\.\d+)(e[+\-−–]?\d+)?)$/i;
const WHOLE = /^\d+$/;

/** Letters of a word that are shown. */
const WORD = 40;

/**
 * Reads a typed sequence for a model. Words count down from the last token, passing over numbers that were typed. A number
 * that is no token of the model is refused, and the whole sequence with it: it is not what was meant. Null for fewer than
 * two tokens. A start token stands in front of what was typed.
 */
export function readTokens(text: string, model: { dVocab: number; nCtx: number; bos?: number }): OwnTokens | null {
  const { bos } = model;
  if (bos === undefined) return readTyped(text, model);
  const typed = readTyped(text, { ...model, nCtx: model.nCtx - 1 });
  if (typed === null || typed.tokens.length === 0) return typed;
  return { ...typed, tokens: [bos, ...typed.tokens], words: new Map([...typed.words, [bos, START]]) };
}

/** How the start token is shown in a typed sequence. */
const START = '⟨start⟩';

function readTyped(
  text: string,
  { dVocab, nCtx, bos }: { dVocab: number; nCtx: number; bos?: number },
): OwnTokens | null {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  const isToken = (part: string): boolean => WHOLE.test(part) && Number(part) < dVocab && Number(part) !== bos;
  const strangers = [...new Set(parts.filter((part) => NUMBER.test(part) && !isToken(part)))];
  if (strangers.length > 0) return refused(strangers, dVocab, bos);
  const taken = new Set([...parts.filter(isToken).map(Number), ...(bos === undefined ? [] : [bos])]);
  const byWord = new Map<string, number>();
  const tokens: number[] = [];
  let next = dVocab - 1;
  const most = Math.min(nCtx, MOST_SEEN);
  for (const part of parts.slice(0, most)) {
    if (isToken(part)) {
      tokens.push(Number(part));
      continue;
    }
    const word = part.toLowerCase();
    if (!byWord.has(word)) {
      while (taken.has(next)) next--;
      if (next < 0)
        return enough(tokens, {
          words: invert(byWord),
          complaint: `There are only ${bos === undefined ? dVocab : dVocab - 1} tokens; ${quoted(part, WORD)} and what follows it were left out.`,
        });
      byWord.set(word, next--);
    }
    tokens.push(byWord.get(word) as number);
  }
  const left = parts.length - most;
  const complaint =
    left > 0
      ? `${nCtx > most ? 'This page looks at' : 'The model sees'} ${most} tokens at most${bos === undefined ? '' : ' behind the start token'}; ${left} were left out.`
      : null;
  return enough(tokens, { words: invert(byWord), complaint });
}

function enough(tokens: readonly number[], rest: Omit<OwnTokens, 'tokens'>): OwnTokens | null {
  return tokens.length < 2 ? null : { tokens, ...rest };
}

function refused(strangers: readonly string[], dVocab: number, bos: number | undefined): OwnTokens {
  const many = strangers.length > 1;
  const complaint = `${listed(strangers.map((part) => printable(part)))} ${many ? 'are no tokens' : 'is no token'} of this model: its tokens are the whole numbers from 0 to ${dVocab - 1}${bos === undefined ? '' : ` but ${bos}, the start token`}; type words or numbers among these.`;
  return { tokens: [], words: new Map(), complaint };
}

const invert = (byWord: ReadonlyMap<string, number>): Map<number, string> =>
  new Map([...byWord].map(([word, token]) => [token, shortened(printable(word), WORD)]));
