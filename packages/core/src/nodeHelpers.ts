// Helper threads under Node.
import { Worker } from 'node:worker_threads';
import { type HelperStart, type Helpers, PATIENCE } from './engine/helpers.ts';

/** Starts helpers and waits until they are ready. They do not keep the process alive. */
export async function startHelpers(count: number, start: HelperStart, entry: URL): Promise<Helpers> {
  const workers = Array.from({ length: count }, () => new Worker(entry, { workerData: start }));
  await Promise.all(workers.map(ready));
  return {
    count,
    patience: PATIENCE,
    ask: (helper, order) => workers[helper]!.postMessage(order),
    close: () => {
      for (const worker of workers) void worker.terminate();
    },
  };
}

const ready = (worker: Worker): Promise<void> =>
  new Promise((resolve, reject) => {
    worker.once('message', () => {
      worker.removeAllListeners();
      worker.unref();
      resolve();
    });
    worker.once('error', reject);
  });
