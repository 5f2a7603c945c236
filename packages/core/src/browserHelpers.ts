// Helper threads in a browser: workers of the worker that computes (a page's main thread may not wait for anybody).
import { type HelperStart, type Helpers, PATIENCE, refuseClosed } from './engine/helpers.ts';

/** Starts helpers and waits until they are ready. Needs a page that is cross-origin isolated. */
export async function startHelpers(count: number, start: HelperStart, entry?: URL | string): Promise<Helpers> {
  const workers = Array.from({ length: count }, () => startHelper(entry));
  await Promise.all(
    workers.map((worker) => {
      worker.postMessage(start);
      return ready(worker);
    }),
  );
  let closed = false;
  return {
    count,
    patience: PATIENCE,
    ask: (helper, order) => {
      refuseClosed(closed);
      workers[helper]!.postMessage(order);
    },
    close: () => {
      closed = true;
      for (const worker of workers) worker.terminate();
    },
  };
}

// A bundler finds the script where it stands like this.
const startHelper = (entry?: URL | string): Worker =>
  entry === undefined
    ? new Worker(new URL('./browserHelper.js', import.meta.url), { type: 'module' })
    : new Worker(entry, { type: 'module' });

const ready = (worker: Worker): Promise<void> =>
  new Promise((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) =>
      reject(
        new Error(
          event.message ||
            'A helper thread could not be started; reload the page, correct helperUrl, or ask for one thread.',
        ),
      );
  });
