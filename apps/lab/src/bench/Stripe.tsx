// Where the induction stripe is expected at the probe's period: two lines beside its cells, over a pattern.
import type { JSX } from 'preact';
import { repeatQueries } from '../copying.ts';
import type { View } from '../protocol.ts';

/** The cells of the induction stripe: (q, q − P + 1) for the queries of the second copy, behind a start token if there is one. */
export function stripeCells({ period, start, tokens }: Pick<View, 'period' | 'start' | 'tokens'>): {
  query: number;
  key: number;
}[] {
  const { from, to } = repeatQueries({ period, start, length: tokens.length });
  return Array.from({ length: period > 0 ? to - from : 0 }, (_, i) => ({
    query: from + i,
    key: from + i - period + 1,
  }));
}

/** Plain values, so that a new view of the same period draws nothing anew. */
export function Stripe({ period, start, size }: { period: number; start: number; size: number }): JSX.Element | null {
  const { from: first, to } = repeatQueries({ period, start, length: size });
  const last = to - 1;
  if (period < 2 || last < first) return null;
  /** A line along the stripe, so far from its cells' middle. */
  const line = (away: number): string =>
    `M${first - period + 1 + away},${first}L${last - period + 2 + away},${last + 1}`;
  return (
    <svg class="stripe" viewBox={`0 0 ${size} ${size}`} aria-hidden="true" preserveAspectRatio="none">
      <path d={line(-1.4)} />
      <path d={line(1.4)} />
    </svg>
  );
}
