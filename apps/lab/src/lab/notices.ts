// What is said to the reader, outside of any panel.
import { WorkerGone } from './client.ts';
import type { LabState, Notice } from './state.ts';

export type Notices = ReturnType<typeof createNotices>;

export function createNotices({ notice, opening }: LabState) {
  /** What there is to say of the link that is being opened: later sentences do not cover earlier ones. */
  let ofLink: string[] = [];

  /** Shows a notice, unless it would cover the way to restart a dead worker. */
  function notify(next: Notice | null): void {
    if (notice.value?.restart !== 'worker') notice.value = next;
  }

  return {
    notify,

    /** Shows what went wrong and goes on; a death of the worker has been told already. */
    report(error: unknown): void {
      if (error instanceof WorkerGone) return;
      notify({ tone: 'bad', text: error instanceof Error ? error.message : String(error) });
    },

    /** Adds a sentence about the link that is being opened; says nothing when none is. */
    noteOnLink(sentence: string): void {
      if (!opening.value) return;
      ofLink.push(sentence);
      notify({ tone: 'bad', text: ofLink.join(' ') });
    },

    /** Another link is opened. */
    forgetLinkNotes(): void {
      ofLink = [];
    },

    closeNotice(): void {
      notice.value = null;
    },
  };
}
