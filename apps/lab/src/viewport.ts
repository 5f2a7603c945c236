// What the lab needs of the page: where things are seen, and when they have been painted.

export interface Viewport {
  /** Brings a panel of the bench into view and lets it light up: what has just been asked for is not to be searched for. */
  showPanel(selector: string, block?: ScrollLogicalPosition): void;
  /** Settles when the frame under way has been painted. */
  painted(): Promise<void>;
}

const calm = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;
export const behaviour = (): ScrollBehavior => (calm() ? 'auto' : 'smooth');

/** Milliseconds for which the panel is lit. */
const LIT = 1600;

/** The browser's window. */
export const viewport: Viewport = {
  /** Waits until what has just changed is drawn, and with it the panel. */
  showPanel(selector, block = 'nearest') {
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        const panel = document.querySelector(selector);
        if (!panel) return;
        panel.scrollIntoView({ behavior: behaviour(), block });
        panel.classList.add('lit');
        setTimeout(() => panel.classList.remove('lit'), LIT);
      }),
    );
  },
  painted: () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))),
};
