// What a head looks like from its live scores, until the audit has spoken: thresholds as in the audit where it has one.
import type { Lab } from '../lab/createLab.ts';
import { sameHead } from '../lab/state.ts';
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
const roleOfMark = (mark: string | undefined): Role | null =>
  mark === 'previous-token head'
    ? 'previous'
    : mark === 'induction head'
      ? 'induction'
      : mark === 'positional head'
        ? 'positional'
        : null;

/** What is said of a head: nothing until roles are seen, the audit's word where it has one, else what its pattern looks like. */
export function seenRole(
  { currentAudit, rolesSeen }: Pick<Lab, 'currentAudit' | 'rolesSeen'>,
  label: string,
  looks: Role,
): { role: Role; says: string } {
  const mark = currentAudit.value?.marks.get(label);
  const role = rolesSeen.value ? (roleOfMark(mark) ?? looks) : 'quiet';
  return { role, says: mark ?? roleName[role] };
}

export const barsFor = (bars: readonly HeadBars[], head: HeadIndex): HeadBars | undefined =>
  bars.find((candidate) => sameHead(candidate, head));
