// Cross-origin isolation on static hosts that cannot send headers: a service worker adds them to the page's own answers.

/** Set for one load, so that a host on which it does not help is not reloaded for ever. */
const TRIED = 'isolation-tried';

/** Registers the worker where it is needed and allowed; true when the page is about to reload. */
export async function keepIsolated(): Promise<boolean> {
  if (crossOriginIsolated || !isSecureContext || !('serviceWorker' in navigator) || location.protocol === 'file:')
    return false;
  if (sessionStorage.getItem(TRIED)) return false;
  try {
    sessionStorage.setItem(TRIED, 'yes');
    await navigator.serviceWorker.register('isolation-worker.js');
    await navigator.serviceWorker.ready;
  } catch {
    return false; // not allowed here: one thread trains, and the page says so
  }
  location.reload();
  return true;
}
