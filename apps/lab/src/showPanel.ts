// Brings a panel of the bench into view and lets it light up: what has just been asked for is not to be searched for.

const calm = matchMedia('(prefers-reduced-motion: reduce)');
export const behaviour = (): ScrollBehavior => (calm.matches ? 'auto' : 'smooth');

/** Milliseconds for which the panel is lit. */
const LIT = 1600;

/** Waits until what has just changed is drawn, and with it the panel. */
export function showPanel(selector: string, block: ScrollLogicalPosition = 'nearest'): void {
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      const panel = document.querySelector(selector);
      if (!panel) return;
      panel.scrollIntoView({ behavior: behaviour(), block });
      panel.classList.add('lit');
      setTimeout(() => panel.classList.remove('lit'), LIT);
    }),
  );
}
