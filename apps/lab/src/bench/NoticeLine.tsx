// What has to be said: a broken file, a strange link, a dead worker. Said once, for eyes and ears, and put away.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { focusOn } from './Action.tsx';

export function NoticeLine(): JSX.Element {
  const { closeNotice, isLoaded, notice, revive } = useLab();
  const said = notice.value;
  return (
    <div class="notice" role="status" aria-live="polite" data-tone={said?.tone ?? ''} data-testid="notice">
      {said ? (
        <>
          <p>{said.text}</p>
          {said.restart ? (
            <button
              type="button"
              onClick={() => {
                focusOn('#bench');
                void revive();
              }}
            >
              {isLoaded.value ? 'Start anew' : 'Train it again'}
            </button>
          ) : null}
          {said.restart === 'worker' ? null : (
            <button
              type="button"
              class="plain"
              onClick={() => {
                focusOn('#bench');
                closeNotice();
              }}
            >
              Close
            </button>
          )}
        </>
      ) : null}
    </div>
  );
}
