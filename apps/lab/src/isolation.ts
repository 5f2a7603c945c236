// Cross-origin isolation on static hosts that cannot send headers: a service worker adds them to the page's own answers.

/** Set for the tab's session, so that a host on which it does not help is not reloaded for ever. */
const TRIED = 'isolation-tried';

/** Milliseconds that a service worker gets to become active. */
const PATIENCE = 3000;

const after = (milliseconds: number): Promise<null> =>
  new Promise((resolve) => setTimeout(() => resolve(null), milliseconds));

/** Registers the worker where it is needed and allowed; true when the page is about to reload. */
export async function keepIsolated(): Promise<boolean> {
  if (crossOriginIsolated || !isSecureContext || !('serviceWorker' in navigator) || location.protocol === 'file:')
    return false;
  try {
    if (sessionStorage.getItem(TRIED)) return false;
    sessionStorage.setItem(TRIED, 'yes');
    const { serviceWorker } = navigator;
    const registered = serviceWorker.register('isolation-worker.js').then(() => serviceWorker.ready);
    // Where service workers are forbidden these promises may never settle.
    if (!(await Promise.race([registered, after(PATIENCE)]))) return false;
  } catch {
    return false; // service workers, or storage, are not allowed here: one thread trains, and the page says so
  }
  location.reload();
  return true;
}
