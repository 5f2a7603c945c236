/** Milliseconds after which work is no longer put off. */
const PATIENCE = 2000;

/** Does what the first view does without when the page has nothing else to do. */
export function whenIdle(work: () => void): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(work, { timeout: PATIENCE });
  else setTimeout(work); // Safari
}
