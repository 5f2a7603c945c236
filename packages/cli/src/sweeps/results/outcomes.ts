// What a run became: its circuit where that is all there is, otherwise the verdict on it.
import type { Verdict } from '@induction-lab/core/node';
import type { Measured } from '../jobs/measureRun.ts';

/** In the order in which figures and tables have them. */
export const OUTCOMES: readonly string[] = [
  'induction',
  'pair hub',
  'other circuit',
  'mixed',
  'positional shortcut',
  'not learned',
];

/**
 * Null where no circuit was looked for. Names of circuits win, since two of them may share a verdict; but not over "mixed",
 * where a positional shortcut is needed beside the circuit.
 */
export function outcomeOf({ audit, proof }: Measured): string | null {
  if (!proof) return null;
  const found: Record<NonNullable<typeof proof.kind>, string> = {
    induction: 'induction',
    'pair hub': 'pair hub',
    other: 'other circuit',
  };
  const verdict: Verdict | undefined = audit?.verdict;
  if (verdict === 'mixed') return verdict;
  return proof.kind === null ? (verdict ?? 'none') : found[proof.kind];
}

/** The kinds that were found, those of an order first. */
export function kindsOf(found: Iterable<string>, order: readonly string[]): string[] {
  const all = new Set(found);
  return [...order.filter((kind) => all.has(kind)), ...[...all].filter((kind) => !order.includes(kind))];
}
