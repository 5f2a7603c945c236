// What heads are taken for, which is hidden until the reader asks, and the reader's own guess.
import { keep, kept } from '../kept.ts';
import type { LabState } from './state.ts';

/** The name under which the switch is kept. */
const SHOWN = 'roles shown';

export function createGuessing({ guess, rolesShown, run, selected, view }: LabState) {
  rolesShown.value = kept(SHOWN) === 'yes';
  return {
    /** Shows or hides what the patterns of heads look like, now and at the next visit. */
    showRoles(shown: boolean): void {
      rolesShown.value = shown;
      keep(SHOWN, shown ? 'yes' : 'no');
    },

    /** Keeps the enlarged head as the reader's guess for the run on the bench. */
    guessHead(): void {
      if (selected.value && run.value)
        guess.value = { head: selected.value, run: run.value.id, step: view.value?.step ?? 0 };
    },
  };
}
