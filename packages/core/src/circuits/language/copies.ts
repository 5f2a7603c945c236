// Where a text repeats itself: queries whose token came before, the places that follow its earlier copies, and whether what
// stood there comes again.
import { copyKeys } from '../attention/contentScore.ts';

/** A query whose token came before. */
export interface CopyQuery {
  /** The position that is asked. */
  readonly query: number;
  /** The places after its earlier copies, in order. */
  readonly after: readonly number[];
  /**
   * The token that copying would give: the next token where it is one of those after a copy, else the one after the latest copy.
   */
  readonly copied: number;
  /** Whether the next token is one of them; null at the last position, which has no next one. */
  readonly comesAgain: boolean | null;
}

/**
 * All of them. A start token, which stands nowhere else, is no copy; `from` leaves out earlier positions.
 * @param tokens The sequence, a token for each position.
 */
export function copyQueries(tokens: ArrayLike<number>, from = 0): CopyQuery[] {
  const found: CopyQuery[] = [];
  for (let query = from; query < tokens.length; query++) {
    const after = copyKeys(tokens, query, 1).filter((key) => key - 1 >= from && key <= query);
    if (after.length === 0) continue;
    const next = query + 1 < tokens.length ? (tokens[query + 1] as number) : null;
    const again = after.some((key) => tokens[key] === next);
    const latest = tokens[after.at(-1) as number] as number;
    found.push({
      query,
      after,
      copied: again ? (next as number) : latest,
      comesAgain: next === null ? null : again,
    });
  }
  return found;
}

/** Those at which copying is right, or is what would come next: where induction can be measured. */
export const copiesThatCount = (queries: readonly CopyQuery[]): CopyQuery[] =>
  queries.filter(({ comesAgain }) => comesAgain !== false);
