// The four steps of the induction circuit, measured on a real sequence: from the live view where it has such heads, and
// otherwise from the prepared one.
import { roleOf } from '../bench/headRoles.ts';
import type { HeadBars, View } from '../protocol.ts';
import prepared from './preparedCircuit.json' with { type: 'json' };

/** What the diagram needs of a model on one sequence. */
export interface CircuitData {
  readonly live: boolean;
  readonly period: number;
  readonly tokens: readonly number[];
  readonly previousHead: string;
  readonly inductionHead: string;
  /** By position k: attention of the previous-token head from k to k − 1. */
  readonly previous: readonly number[];
  /** By query q: attention of the induction head from q to q − P + 1 (0 where there is none). */
  readonly match: readonly number[];
  /** By query q: probability given to the true next token. */
  readonly truth: readonly number[];
}

/** Reads the chain off a view; null where no head after layer 0 looks like an induction head. */
export function circuitOf(view: View): CircuitData | null {
  const { period, nHeads, start } = view;
  const size = view.tokens.length;
  if (period < 3 || view.broken) return null; // a broken model does not show how the circuit works
  const strongest = (score: 'previousToken' | 'excess', may: (bars: HeadBars) => boolean): number =>
    view.bars.reduce((found, b, i) => (may(b) && !(b[score] <= (view.bars[found]?.[score] ?? 0)) ? i : found), -1);
  const induction = strongest('excess', (b) => roleOf(b) === 'induction');
  // The head that its pattern suggests, however faint; which one does the work is the audit's to say.
  const previous = strongest('previousToken', (b) => b.layer === 0);
  if (induction < nHeads || previous < 0) return null;
  // Positions as the diagram has them: from the block on.
  const weight = (head: number, query: number, key: number): number =>
    view.patterns[(head * size + start + query) * size + start + key] ?? 0;
  const positions = Array.from({ length: size - start }, (_, i) => i);
  return {
    live: true,
    period,
    tokens: view.tokens.slice(start),
    previousHead: view.bars[previous]!.label,
    inductionHead: view.bars[induction]!.label,
    previous: positions.map((k) => (k === 0 ? 0 : weight(previous, k, k - 1))),
    match: positions.map((q) => (q >= period && q < 2 * period - 1 ? weight(induction, q, q - period + 1) : 0)),
    truth: [...view.truth.subarray(start)],
  };
}

export const preparedCircuit: CircuitData = { ...prepared, live: false };
