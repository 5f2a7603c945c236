// A new worker in place of one that died.
import { batch } from '@preact/signals';
import { judging, kept, notice, run, speed, status, step, view, viewOfScores, viewOfTokens } from '../state.ts';
import { client, forgetEarly } from './hearing.ts';
import { open, wantedState } from './links.ts';
import { setSpeed } from './runs.ts';

/** After the worker died: a new one trains the same run again as far as it had come. */
export async function revive(): Promise<void> {
  const state = wantedState();
  forgetEarly();
  batch(() => {
    notice.value = null;
    judging.value = false;
    run.value = null;
    view.value = null;
    viewOfScores.value = null;
    viewOfTokens.value = null;
    step.value = 0;
    kept.value = [0];
    status.value = 'paused';
  });
  client.restart();
  setSpeed(speed.value);
  await open({ ...state }); // another one: the opening that died with the worker is over
}
