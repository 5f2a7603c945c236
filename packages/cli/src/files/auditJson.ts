import type { AuditRecord } from '@induction-lab/core/node';
import type { CheckpointProvenance } from './provenance.ts';

/** The record as written to analysis.json and printed by --json: the verdict a string, beside evidence and heads. */
export function auditJson(record: AuditRecord, from?: CheckpointProvenance): Record<string, unknown> {
  const { scores, ...rest } = record;
  return { ...from, ...rest, ...scores };
}
