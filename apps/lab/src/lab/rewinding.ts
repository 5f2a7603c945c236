// Playing backwards: the kept steps of a run, the newest first, at the speed at which it trains.
import { type Signal, signal } from '@preact/signals';
import type { Looking } from './looking.ts';
import type { LabState } from './state.ts';

/** Milliseconds for which a kept step is shown at least, and at most. */
const SHORTEST = 120;
const LONGEST = 1500;

export function createRewinding(state: LabState, { looking }: { looking: Looking }) {
  const { progress, run, speed, status, step, underWay, wanted } = state;
  const rewinding: Signal<boolean> = signal(false);

  /** The kept step before the one that is looked at. */
  const before = (): number | undefined =>
    progress.value.kept.findLast((kept) => kept < (wanted.value.viewed ?? step.value));

  async function goBack(): Promise<void> {
    const mine = run.value?.id;
    let shown = wanted.value.viewed;
    for (let to = before(); to !== undefined; to = before()) {
      const steps = (shown ?? step.value) - to;
      shown = to;
      looking.change({ viewed: to });
      await new Promise((next) =>
        setTimeout(next, Math.min(LONGEST, Math.max(SHORTEST, (1000 * steps) / speed.value))),
      );
      while (underWay.value && run.value?.id === mine && state.workerGone.value === null)
        await new Promise((next) => setTimeout(next, SHORTEST));
      const otherwise = run.value?.id !== mine || wanted.value.viewed !== shown || status.value === 'playing';
      if (!rewinding.value || otherwise) break;
    }
  }

  return {
    /** Whether kept steps are being played backwards. */
    rewinding,

    /** Plays the kept steps backwards from the one that is looked at, or stops where it is. */
    rewind(): void {
      if (rewinding.value) {
        rewinding.value = false;
        return;
      }
      rewinding.value = true;
      void goBack().finally(() => {
        rewinding.value = false;
      });
    },
  };
}
