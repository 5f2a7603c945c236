// Buttons of the lesson that put the bench into a state, and the way back to where one read.

import type { Lab } from '../lab/createLab.ts';
import { type LinkState, readLink } from '../link.ts';
import { behaviour } from '../viewport.ts';

/** Below this width bench and lesson stand one below the other. */
const TWO_PANES = matchMedia('(min-width: 1100px)');

/** Where the reader was before a button led to the bench. */
let readingAt: Element | null = null;

/** The panel in which one sees what a state is about. */
function panelOf({ own, selected, ablated, cuts, setting: { preset } }: LinkState): string {
  if (own !== null) return '.probe';
  if (ablated.length + cuts.length > 0) return '.patterns';
  if (selected) return '.enlarged';
  return preset === 'two-heads' || preset === 'picture' ? '.patterns' : '.watch';
}

function goToBench({ viewport }: Lab, from: Element, state: LinkState): void {
  viewport.showPanel(panelOf(state), TWO_PANES.matches ? 'nearest' : 'start');
  if (TWO_PANES.matches) return;
  readingAt = from;
  (document.getElementById('back') as HTMLButtonElement).hidden = false;
}

export function goBack(): void {
  (document.getElementById('back') as HTMLButtonElement).hidden = true;
  readingAt?.scrollIntoView({ behavior: behaviour(), block: 'center' });
  (readingAt as HTMLElement | null)?.focus({ preventScroll: true });
}

/** Puts the bench into the state that a button names. */
export function show(lab: Lab, state: string, from: Element): void {
  const { state: wanted } = readLink(state);
  const former = lab.remember();
  // The browser's Back brings the former view.
  history.replaceState({ former }, '', location.href);
  history.pushState(null, '', location.href);
  lab.open(wanted).catch(lab.report);
  goToBench(lab, from, wanted);
}

/** The way back is offered while the bench is in view. */
export function watchBench(): void {
  new IntersectionObserver(([seen]) => {
    if (!seen?.isIntersecting) (document.getElementById('back') as HTMLButtonElement).hidden = true;
  }).observe(document.getElementById('bench') as HTMLElement);
}
