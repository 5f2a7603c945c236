// What could be copied in a sequence: where a token stood before, and whether what followed it then follows again.

export interface Copies {
  /** Queries whose token stood before and was followed by what follows it now: copying is right there. */
  readonly right: readonly number[];
  /** Queries whose token stood before, always followed by something else: copying is wrong there. */
  readonly wrong: readonly number[];
  /** What followed earlier copies of the last token, each once, the latest first: nobody knows what comes next. */
  readonly afterLast: readonly number[];
}

/**
 * Queries [from, to) whose next token induction can know, in a sequence of two copies of a block: those of the second copy but
 * its last. The induction stripe is the cells (q, q − period + 1) of these queries. Empty without a repeat.
 */
export function repeatQueries(at: { period: number; start: number; length: number }): { from: number; to: number } {
  const from = at.start + at.period;
  return { from, to: Math.max(from, Math.min(at.length, from + at.period - 1)) };
}

/** Looks for earlier copies of every token of a sequence. */
export function copiesIn(tokens: readonly number[]): Copies {
  const followers = new Map<number, Set<number>>();
  const right: number[] = [];
  const wrong: number[] = [];
  const last = tokens.length - 1;
  for (let query = 0; query < last; query++) {
    const [token, next] = [tokens[query] as number, tokens[query + 1] as number];
    const before = followers.get(token) ?? new Set();
    if (before.size > 0) (before.has(next) ? right : wrong).push(query);
    before.delete(next); // what followed last stands last
    followers.set(token, before.add(next));
  }
  return { right, wrong, afterLast: [...(followers.get(tokens[last] as number) ?? [])].reverse() };
}
