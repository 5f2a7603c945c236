// Helper threads under Node.
import { access } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { type HelperStart, type Helpers, PATIENCE } from './engine/helpers.ts';

/**
 * Helpers that start when they are asked for the first time, and do not keep the process alive. Rejects where there is no
 * such script: of a thread that does not start one would hear by its silence only.
 */
export async function startHelpers(count: number, start: HelperStart, entry: URL): Promise<Helpers> {
  await access(entry);
  const workers: Worker[] = [];
  const startHelper = (): Worker => {
    const worker = new Worker(entry, { workerData: start });
    worker.unref();
    return worker;
  };
  return {
    count,
    patience: PATIENCE,
    ask: (helper, order) => {
      workers[helper] ??= startHelper();
      workers[helper].postMessage(order);
    },
    close: () => {
      for (const worker of workers) void worker?.terminate();
    },
  };
}
