// Signs of life of this worker, for the page's watchdog: a lock that is held until the worker is gone, however it went,
// and a pulse while it is not at work.
import { PULSE, type Told } from '../protocol.ts';

const never = new Promise<never>(() => {});

/** Locks need a secure context, and a page of a local folder may have none: then the pulse alone tells. */
export function showLife(post: (message: Told) => void): void {
  setInterval(() => post({ kind: 'pulse' }), PULSE);
  const { locks } = navigator;
  if (!locks) return;
  const name = `worker ${crypto.randomUUID()}`;
  locks
    .request(name, () => {
      post({ kind: 'lock', name });
      return never;
    })
    .catch(() => {}); // not allowed here
}
