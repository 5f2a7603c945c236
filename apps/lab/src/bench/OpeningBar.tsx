// While a button or a link works, how far it is, always in view: the transport itself may have been scrolled away.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { focusOn } from './Action.tsx';

export function OpeningBar(): JSX.Element | null {
  const { control, former, opening, other, report, step, undo } = useLab();
  const link = opening.value;
  if (!link) return null;
  const goal = link.other && other.value === null ? link.other : link;
  const last = former.value.at(-1);
  const what = link.shipped ?? `${goal.setting.preset}, seed ${goal.setting.seed}`;
  const trains = link.shipped === null && goal.step > 0;
  return (
    <div class="opening-bar" data-testid="opening-bar">
      <span>
        {/* Said once: the steps would be read out one after the other. */}
        <span role="status">{what}</span>
        {trains ? `: step ${Math.min(step.value, goal.step)} of ${goal.step}` : ' …'}
      </span>
      {trains ? <progress max={goal.step} value={Math.min(step.value, goal.step)} aria-label="Steps trained" /> : null}
      <button
        type="button"
        onClick={() => {
          focusOn('#bench');
          control('pause');
        }}
      >
        Stop here
      </button>
      {last ? (
        <button type="button" class="plain" onClick={() => void undo().catch(report)}>
          Undo
        </button>
      ) : null}
    </div>
  );
}
