// Waiting for a step of the run, as long as nothing else is wanted.
import type { LinkState } from '../link.ts';
import { opening, status, step } from '../state.ts';

/** Who waits for a step; woken by progress, by death, and by anything else that is wanted meanwhile. */
const waiting: (() => void)[] = [];

export function wakeWaiting(): void {
  for (const wake of waiting.splice(0)) wake();
}

/** True when the run has come to that step; false when it failed, or when this opening has been overtaken. */
export async function comesTo(wanted: number, mine: LinkState): Promise<boolean> {
  while (opening.value === mine && step.value < wanted && status.value !== 'failed' && status.value !== 'done')
    await new Promise<void>((resolve) => waiting.push(resolve));
  return opening.value === mine && step.value >= wanted;
}

/** The reader wants something else: a link that is still being opened gives up. */
export function overtake(): void {
  opening.value = null;
  wakeWaiting();
}
