import { sameHead } from '../lab/state.ts';
// What a head looks like from its live scores, until the audit has spoken: thresholds as in the audit where it has one.

import type { HeadBars, HeadIndex } from '../protocol.ts';

export type Role = 'previous' | 'induction' | 'positional' | 'quiet';

/** Shares of attention: half of what a perfect head has would be 0.5; uniform attention has 0.07 and 0.03. */
const PREVIOUS = 0.4;
const FOLLOWS = 0.3;
const KEEPS = 0.3;

export const roleName: Record<Role, string> = {
  previous: 'previous token',
  induction: 'induction',
  positional: 'fixed distance',
  quiet: '',
};

/** What a head's pattern looks like; a pattern is not yet a proof. */
export function roleOf(bars: HeadBars): Role {
  if (bars.excess > FOLLOWS) return 'induction';
  if (bars.previousToken > PREVIOUS) return 'previous';
  if (bars.offset > KEEPS) return 'positional';
  return 'quiet';
}

/** The audit's word for a head as a role. */
export const roleOfMark = (mark: string | undefined): Role | null =>
  mark === 'previous-token head'
    ? 'previous'
    : mark === 'induction head'
      ? 'induction'
      : mark === 'positional head'
        ? 'positional'
        : null;

export const barsFor = (bars: readonly HeadBars[], head: HeadIndex): HeadBars | undefined =>
  bars.find((candidate) => sameHead(candidate, head));
