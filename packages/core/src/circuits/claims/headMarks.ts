// What heads are called, from the evidence.

import { headLook } from '../attention/headLooks.ts';
import type { KeySource } from '../causal/paths.ts';
import type { AuditRecord } from './auditRecord.ts';
import type { ProofRecord } from './evaluationRecord.ts';

/** A head builds the keys when ablating its edges into them costs more than this share of what ablating the whole K path costs. */
const SHARE_OF_K_PATH = 0.25;

/** The audit of a model, and its proof where there is one. */
export interface Judged {
  readonly audit: AuditRecord;
  readonly proof?: ProofRecord;
}

/** The earlier head whose edges into the followers' keys cost most to ablate; undefined where no path was tested. */
export const keyBuilder = (record: AuditRecord): KeySource | undefined =>
  [...record.evidence.keySources].sort((a, b) => b.increase.value - a.increase.value)[0];

/**
 * What a head is called. A "head" by the evidence, never by score alone: its role in the proven circuit where there is one, or
 * else by its effect on keys and by what its attention follows. Of the others, those that look at one place sharply are
 * called by that "pattern" (`headLook`). In the order of importance.
 * @param judged An audit, and the circuit where it was evaluated.
 * @returns What each marked head is called, by label.
 */
export function headMarks({ audit, proof }: Judged): Map<string, string> {
  const marks = new Map<string, string>();
  if (proof && proof.heads.length > 0) for (const { label, role } of proof.heads) marks.set(label, role);
  else {
    const kPath = audit.evidence.paths.find(({ path }) => path === 'k')?.increase.value ?? 0;
    const builder = keyBuilder(audit);
    if (builder && builder.increase.value > SHARE_OF_K_PATH * kPath) marks.set(builder.label, 'previous-token head');
    const byExcess = [...audit.scores.heads].sort((a, b) => b.inductionExcess.value - a.inductionExcess.value);
    for (const head of byExcess) if (audit.followers.includes(head.label)) marks.set(head.label, 'induction head');
  }
  for (const label of audit.positionalHeads) if (!marks.has(label)) marks.set(label, 'positional head');
  for (const head of audit.scores.heads) {
    const look = marks.has(head.label) ? null : headLook(head, audit.scores);
    if (look) marks.set(head.label, look.label);
  }
  return marks;
}
