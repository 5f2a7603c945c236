// Brings the essay to life: its buttons drive the bench, its terms open beside the word, its places get their parts.
import { render } from 'preact';
import type { Lab } from '../lab/createLab.ts';
import { LabProvider } from '../lab/LabContext.ts';
import { notFetched } from '../notFetched.ts';
import { behaviour } from '../viewport.ts';
import { whenIdle } from '../whenIdle.ts';
import { goBack, show, watchBench } from './show.ts';

/** Opens definitions beside their word. */
function placePopovers(): void {
  addEventListener(
    'beforetoggle',
    (event) => {
      const popover = event.target as HTMLElement;
      if (!popover.classList?.contains('definition') || (event as ToggleEvent).newState !== 'open') return;
      const word = document.activeElement?.getAttribute('popovertarget') === popover.id ? document.activeElement : null;
      if (!word) return;
      const { left, bottom } = word.getBoundingClientRect();
      popover.style.left = `${Math.max(12, Math.min(left, innerWidth - 340))}px`;
      popover.style.top = `${Math.min(bottom + 6, innerHeight - 150)}px`;
    },
    true,
  );
}

/** Fetches the parts, which stand far below the first view, and draws them in their places. */
function placeParts(lab: Lab): void {
  import('./parts.ts').then(
    ({ PARTS }) => {
      const projected = document.documentElement.classList.contains('projector');
      for (const [name, Part] of Object.entries(PARTS)) {
        const place = document.querySelector(`[data-part="${name}"]`);
        // What the projector shows stands below the bench, and once.
        if (place && projected === (name === 'projected'))
          render(
            <LabProvider value={lab}>
              <Part />
            </LabProvider>,
            place,
          );
      }
    },
    (error: Error) => lab.report(notFetched(error)),
  );
}

export function mountLesson(lab: Lab): void {
  document.addEventListener('click', (event) => {
    const target = event.target as HTMLElement;
    const button = target.closest<HTMLElement>('[data-show]');
    if (button) show(lab, button.dataset.show as string, button);
    const link = target.closest<HTMLAnchorElement>('a[href^="#"]');
    if (!link) return;
    // The address belongs to the bench: places in the page are scrolled to without changing it.
    event.preventDefault();
    document.getElementById('contents')?.hidePopover();
    const section = document.getElementById(link.hash.slice(1));
    section?.scrollIntoView({ behavior: behaviour() });
    section?.setAttribute('tabindex', '-1');
    section?.focus({ preventScroll: true });
  });
  document.getElementById('back')?.addEventListener('click', goBack);
  watchBench();
  placePopovers();
  whenIdle(() => placeParts(lab));
}
