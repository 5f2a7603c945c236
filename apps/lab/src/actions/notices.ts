// What is said to the reader, outside of any panel.
import { WorkerGone } from '../client.ts';
import { type Notice, notice, opening } from '../state.ts';

/** Says something, unless the way to restart a dead worker would be covered by it. */
export function say(next: Notice | null): void {
  if (notice.value?.restart !== 'worker') notice.value = next;
}

/** Shows what went wrong and goes on; a death of the worker has been told already. */
export function tell(error: unknown): void {
  if (error instanceof WorkerGone) return;
  say({ tone: 'bad', text: error instanceof Error ? error.message : String(error) });
}

/** What there is to say of the link that is being opened: later sentences do not cover earlier ones. */
let linkNotes: string[] = [];

/** Adds a sentence about the link that is being opened; says nothing when none is. */
export function note(sentence: string): void {
  if (!opening.value) return;
  linkNotes.push(sentence);
  say({ tone: 'bad', text: linkNotes.join(' ') });
}

/** Another link is opened. */
export function forgetNotes(): void {
  linkNotes = [];
}
