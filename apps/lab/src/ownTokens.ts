// The reader's own sequence: whole numbers are tokens, any other word gets a token of its own.

export interface OwnTokens {
  readonly tokens: readonly number[];
  /** What was typed for each token. */
  readonly words: ReadonlyMap<number, string>;
  /** Why something was left out; null when nothing was. */
  readonly complaint: string | null;
}

/** Reads a typed sequence for a model. Words count down from the last token, passing over numbers that were typed. */
export function readTokens(text: string, { dVocab, nCtx }: { dVocab: number; nCtx: number }): OwnTokens | null {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  const isToken = (part: string): boolean => /^\d+$/.test(part) && Number(part) < dVocab;
  const taken = new Set(parts.filter(isToken).map(Number));
  const byWord = new Map<string, number>();
  const tokens: number[] = [];
  let next = dVocab - 1;
  for (const part of parts.slice(0, nCtx)) {
    if (isToken(part)) {
      tokens.push(Number(part));
      continue;
    }
    const word = part.toLowerCase();
    if (!byWord.has(word)) {
      while (taken.has(next)) next--;
      if (next < 0)
        return {
          tokens,
          words: invert(byWord),
          complaint: `There are only ${dVocab} tokens; the words after "${part}" were left out.`,
        };
      byWord.set(word, next--);
    }
    tokens.push(byWord.get(word) as number);
  }
  if (tokens.length < 2) return null;
  const complaint =
    parts.length > nCtx ? `The model sees ${nCtx} tokens at most; ${parts.length - nCtx} were left out.` : null;
  return { tokens, words: invert(byWord), complaint };
}

const invert = (byWord: ReadonlyMap<string, number>): Map<number, string> =>
  new Map([...byWord].map(([word, token]) => [token, word]));
