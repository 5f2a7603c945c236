// The button that has the model on the bench audited.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { Action } from './Action.tsx';

/** `idle` where there is nothing to audit. */
export function AuditAction({ idle }: { idle: boolean }): JSX.Element {
  const { judge, judging } = useLab();
  return (
    <Action onPress={() => void judge()} idle={judging.value || idle} data-testid="audit">
      {judging.value ? 'The audit is at work …' : 'Audit this model'}
    </Action>
  );
}
