// Training threads in a browser: workers of the worker that trains (a page's main thread may not wait for anybody).
// Workers that have served a run rest until the next one: it starts at once, and needs no network for their script.
import type { StartPool } from './training/parallel/pool.ts';
import { poolOver } from './training/parallel/runMemory.ts';
import { checkWorkerOptions, layOutThreads } from './training/parallel/threadStarts.ts';
import { type TrainingThread, workerPool } from './training/parallel/workerPool.ts';
import type { ThreadStart } from './training/parallel/workerThread.ts';

/** Workers that have served a run, and the script that each runs: a URL, or ours. */
const resting = new Map<Worker, string | undefined>();

/** Seconds within which a worker answers that has its script already. One that was closed while it rested never does. */
const RESTED = 5;

/** What is to be done when a worker is gone without an error: it closed itself, or the browser took its memory. */
const whenGone = new WeakMap<Worker, () => void>();

function takeWorker(url: string | undefined): { worker: Worker; rested: boolean } {
  for (const [worker, script] of resting) {
    if (script !== url) continue;
    resting.delete(worker);
    return { worker, rested: true };
  }
  // A bundler finds the worker by this very expression.
  const worker =
    url === undefined
      ? new Worker(new URL('./browserWorker.js', import.meta.url), { type: 'module' })
      : new Worker(url, { type: 'module' });
  // A worker holds a lock while it lives: who waits for that lock gets it when the worker is gone, and never before.
  worker.addEventListener('message', ({ data }: MessageEvent<{ lock?: string }>) => {
    if (data.lock) navigator.locks.request(data.lock, () => whenGone.get(worker)?.()).catch(() => {});
  });
  return { worker, rested: false };
}

/** Lets go of the run's memory and waits for the next one. */
function rest(worker: Worker, url: string | undefined): void {
  worker.postMessage(null);
  worker.onmessage = null;
  worker.onmessageerror = null;
  whenGone.set(worker, () => resting.delete(worker));
  worker.onerror = (event) => {
    event.preventDefault(); // no run needs it
    resting.delete(worker);
    worker.terminate();
  };
  resting.set(worker, url);
}

/**
 * Starts workers over shared memory, as many as a run has work for; needs a page that is cross-origin isolated. `workerUrl`
 * is the script of a worker, a module: dist/browserWorker.js where a bundler has put it elsewhere, or any that calls
 * `serveTrainingThread`. When one dies, the run
 * fails and the rest end.
 * @throws an ArgumentError for an option that it does not have, or an address that is none.
 */
export function startWorkers(options: { readonly workerUrl?: string | URL } = {}): StartPool {
  checkWorkerOptions(options);
  const url = options.workerUrl === undefined ? undefined : String(options.workerUrl);
  return async (run) => {
    const { memory, starts } = layOutThreads(run, { loadModules: false });
    const threads = starts.map((start) => startThread(start, url));
    return poolOver(memory, workerPool(memory.plan, threads));
  };
}

function startThread(start: ThreadStart, url: string | undefined): TrainingThread {
  const { worker, rested } = takeWorker(url);
  worker.postMessage(start);
  return {
    ...(rested ? { startsWithin: RESTED } : {}),
    send: (order) => worker.postMessage(order),
    listen: (onMessage, onDeath) => {
      worker.onmessage = ({ data }) => onMessage(data);
      worker.onerror = (event) => {
        event.preventDefault();
        onDeath(new Error(event.message || 'its script could not be loaded; reload the page, or correct workerUrl.'));
      };
      worker.onmessageerror = () => onDeath(new Error('a message could not be read; reload the page.'));
      whenGone.set(worker, () =>
        onDeath(new Error('it stopped without an error; the browser may have ended it for want of memory.')),
      );
    },
    end: async (atRest) => {
      if (atRest) return rest(worker, url);
      whenGone.delete(worker); // it goes because it is told to
      worker.terminate();
    },
  };
}
