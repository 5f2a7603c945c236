// Buttons of the lesson that put the bench into a state, and the way back to where one read.
import { open, tell } from '../lab.ts';
import { readLink } from '../link.ts';

/** Below this width bench and lesson stand one below the other. */
const TWO_PANES = matchMedia('(min-width: 1100px)');

const calm = matchMedia('(prefers-reduced-motion: reduce)');
export const behaviour = (): ScrollBehavior => (calm.matches ? 'auto' : 'smooth');

/** Where the reader was before a button led to the bench. */
let readingAt: Element | null = null;

function goToBench(from: Element): void {
  if (TWO_PANES.matches) return;
  readingAt = from;
  const back = document.getElementById('back') as HTMLButtonElement;
  back.hidden = false;
  document.getElementById('bench')?.scrollIntoView({ behavior: behaviour() });
}

export function goBack(): void {
  (document.getElementById('back') as HTMLButtonElement).hidden = true;
  readingAt?.scrollIntoView({ behavior: behaviour(), block: 'center' });
  (readingAt as HTMLElement | null)?.focus({ preventScroll: true });
}

/** Puts the bench into the state that a button names. */
export function show(state: string, from: Element): void {
  goToBench(from);
  open(readLink(state).state).catch(tell);
}
