// Guess first: what heads are taken for is hidden until it is asked for, and a guess is kept to be compared.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { headText } from '../link.ts';
import { HeadName } from './HeadName.tsx';
import { barsFor, roleName, roleOf } from './headRoles.ts';

export function Guess(): JSX.Element {
  const { currentAudit, guess, guessHead, rolesSeen, rolesShown, run, selected, showRoles, view } = useLab();
  const mine = guess.value?.run === run.value?.id ? guess.value : null;
  const chosen = selected.value;
  const bars = mine && view.value ? barsFor(view.value.bars, mine.head) : undefined;
  const looks = bars ? roleName[roleOf(bars)] : '';
  const mark = mine && currentAudit.value?.marks.get(headText(mine.head));
  return (
    <p class="row guess" data-testid="guess">
      {rolesSeen.value ? (
        mine ? (
          <span>
            You guessed <HeadName head={mine.head} /> at step {mine.step}.{' '}
            {currentAudit.value
              ? `The audit calls it ${mark ?? 'neither of the circuit’s heads'}.`
              : `Its pattern looks like ${looks || 'nothing in particular'}; a pattern is no proof, so ask the audit.`}
          </span>
        ) : (
          <span class="quiet">Colours and names say what a pattern looks like; the audit says what the head does.</span>
        )
      ) : (
        <span>
          {mine ? (
            <>
              Your guess: <HeadName head={mine.head} />.
            </>
          ) : (
            'Which head looks for what came after the earlier copy? Click its pattern, and guess.'
          )}
        </span>
      )}
      {!rolesSeen.value && chosen ? (
        <button type="button" onClick={guessHead} data-testid="guess-head">
          I guess <HeadName head={chosen} />
        </button>
      ) : null}
      <label class="switch">
        <input
          type="checkbox"
          checked={rolesShown.value}
          data-testid="show-roles"
          onChange={(e) => showRoles(e.currentTarget.checked)}
        />
        show roles
      </label>
    </p>
  );
}
