// The verdict at the top of the bench: one press asks for it, or goes to its evidence.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { Action } from './Action.tsx';

export function VerdictBadge(): JSX.Element {
  const { audited, currentAnswer, currentAudit, judge, judging, readsText, run, viewport } = useLab();
  const said = audited.value;
  const answer = readsText.value ? (currentAnswer.value?.record ?? null) : null;
  const current = currentAudit.value !== null || answer !== null;
  const press = (): void => {
    if (current) viewport.showPanel('.verdict');
    else void judge().then(() => viewport.showPanel('.verdict'));
  };
  const text = judging.value
    ? 'the audit is at work …'
    : answer
      ? (answer.sentence.split(/[:,]/)[0] as string)
      : said === null
        ? 'not asked yet'
        : current
          ? said.record.verdict
          : `${said.record.verdict} at step ${said.step}; ask again`;
  return (
    <Action
      class="badge"
      data-verdict={said?.record.verdict ?? ''}
      data-stale={said !== null && !current}
      data-testid="badge"
      idle={judging.value || run.value === null}
      onPress={press}
      title={current ? 'Go to the evidence' : 'Audit the model that is shown'}
    >
      <span class="quiet">verdict</span> <b>{text}</b>
    </Action>
  );
}
