// While a button or a link works, how far it is, always in view: the transport itself may have been scrolled away.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { focusOn } from './Action.tsx';

export function OpeningBar(): JSX.Element {
  const { control, former, opening, other, report, step, undo } = useLab();
  const link = opening.value;
  if (!link) return <Said what="" />;
  const goal = link.other && other.value === null ? link.other : link;
  const last = former.value.at(-1);
  const what = link.shipped ?? `${goal.setting.preset}, seed ${goal.setting.seed}`;
  const trains = link.shipped === null && goal.step > 0;
  const bar = (
    <div class="opening-bar" data-testid="opening-bar">
      <span>
        {what}
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
        <button
          type="button"
          class="plain"
          onClick={() => {
            focusOn('#bench');
            void undo().catch(report);
          }}
        >
          Undo
        </button>
      ) : null}
    </div>
  );
  return (
    <>
      <Said what={`${what} is being opened`} />
      {bar}
    </>
  );
}

/** Read out once, from a place that is always there: the steps on the bar would be read out one after the other. */
const Said = ({ what }: { what: string }): JSX.Element => (
  <p class="spoken" role="status">
    {what}
  </p>
);
