// What is said of the wall in words, from what was measured.
import { listed } from '@induction-lab/core/internal/names';
import { type Tile, verdictOf } from '../../lab/wall/wallState.ts';

/** The verdict that counts as having found the circuit. */
export const FOUND = 'induction';

/** How many seeds came to which verdict: `5 of 8 found the circuit; 2 not learned, 1 mixed.` */
export function countText(tiles: readonly Tile[]): string {
  const counts = new Map<string, number>();
  for (const tile of tiles) {
    const verdict = verdictOf(tile)?.verdict ?? 'no verdict';
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  const found = counts.get(FOUND) ?? 0;
  counts.delete(FOUND);
  const others = [...counts].sort((a, b) => b[1] - a[1]).map(([verdict, count]) => `${count} ${verdict}`);
  return `${found} of ${tiles.length} found the circuit${others.length > 0 ? `; ${listed(others)}` : ''}.`;
}

/** The reader's guesses beside the verdicts. */
export function guessText(tiles: readonly Tile[]): string {
  const judged = tiles.filter((tile) => verdictOf(tile));
  const found = judged.filter((tile) => verdictOf(tile)?.verdict === FOUND);
  const guessed = judged.filter((tile) => tile.guessed);
  if (guessed.length === 0) return 'You had marked none.';
  const right = guessed.filter((tile) => found.includes(tile)).length;
  const missed = found.length - right;
  return `You had marked ${guessed.length}: ${right} right${missed > 0 ? `, and ${missed} missed` : ''}.`;
}
