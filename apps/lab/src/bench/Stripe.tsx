// Where the induction stripe is expected at the probe's period: two lines beside its cells, over a pattern.
import type { JSX } from 'preact';
import type { View } from '../protocol.ts';

/** The cells of the induction stripe: (q, q − P + 1) for the queries of the second copy, behind a start token if there is one. */
export function stripeCells({ period, start, tokens }: Pick<View, 'period' | 'start' | 'tokens'>): {
  query: number;
  key: number;
}[] {
  return Array.from({ length: Math.max(0, period - 1) }, (_, i) => ({
    query: start + period + i,
    key: start + i + 1,
  })).filter(({ query }) => query < tokens.length);
}

/** Plain values, so that a new view of the same period draws nothing anew. */
export function Stripe({ period, start, size }: { period: number; start: number; size: number }): JSX.Element | null {
  const first = start + period;
  const last = Math.min(size, start + 2 * period - 1) - 1;
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
