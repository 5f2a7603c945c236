// A page that the browser put to sleep says so when it wakes.
import type { Notices } from './notices.ts';
import type { LabState } from './state.ts';

/** Longer without a turn than this, in milliseconds, and the page was put to sleep. */
const ASLEEP = 10_000;

/** Says how long the page slept, and what became of the training meanwhile. */
export function watchSleep({ status, step }: LabState, notices: Pick<Notices, 'notify'>): void {
  let before = Date.now();
  let from = { step: 0, playing: false };
  setInterval(() => {
    const now = Date.now();
    if (now - before > ASLEEP && from.playing) {
      const seconds = Math.round((now - before) / 1000);
      const went = step.value > from.step ? `went on to step ${step.value}` : 'waited';
      notices.notify({
        tone: 'plain',
        text: `This tab slept for ${seconds} seconds; the training ${went}, and nothing is lost.`,
      });
    }
    before = now;
    from = { step: step.value, playing: status.value === 'playing' };
  }, 1000);
}
