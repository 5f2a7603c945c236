// Helper threads in a browser: workers of the worker that computes (a page's main thread may not wait for anybody).
import { type HelperStart, type Helpers, PATIENCE } from './engine/helpers.ts';

/** Starts helpers and waits until they are ready. Needs a page that is cross-origin isolated. */
export async function startHelpers(count: number, start: HelperStart, entry: URL | string): Promise<Helpers> {
  const workers = Array.from({ length: count }, () => new Worker(entry, { type: 'module' }));
  await Promise.all(
    workers.map((worker) => {
      worker.postMessage(start);
      return ready(worker);
    }),
  );
  return {
    count,
    patience: PATIENCE,
    ask: (helper, order) => workers[helper]!.postMessage(order),
    close: () => {
      for (const worker of workers) worker.terminate();
    },
  };
}

const ready = (worker: Worker): Promise<void> =>
  new Promise((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) =>
      reject(
        new Error(event.message || 'A helper thread could not be started; reload the page, or ask for one thread.'),
      );
  });
