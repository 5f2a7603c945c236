// Waiting for a step of the run, as long as nothing else is wanted.
import type { LinkState } from '../link.ts';
import type { LabState } from './state.ts';

export type Waiting = ReturnType<typeof createWaiting>;

export function createWaiting({ opening, status, step }: LabState) {
  /** Who waits for a step; woken by progress, by death, and by anything else that is wanted meanwhile. */
  const waiting: (() => void)[] = [];

  function wakeWaiting(): void {
    for (const wake of waiting.splice(0)) wake();
  }

  return {
    wakeWaiting,

    /** True when the run has come to that step; false when it failed, or when this opening has been overtaken. */
    async comesTo(goal: number, mine: LinkState): Promise<boolean> {
      while (opening.value === mine && step.value < goal && status.value !== 'failed' && status.value !== 'done')
        await new Promise<void>((resolve) => waiting.push(resolve));
      return opening.value === mine && step.value >= goal;
    },

    /** The reader wants something else: a link that is still being opened gives up. */
    cancelOpening(): void {
      opening.value = null;
      wakeWaiting();
    },
  };
}
