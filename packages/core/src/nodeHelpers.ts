// Helper threads under Node.
import { access } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { type HelperStart, type Helpers, PATIENCE, refuseClosed } from './engine/helpers.ts';

/**
 * Helpers that start when they are asked for the first time, and do not keep the process alive. One that has died is
 * replaced when it is asked again; who waited for it has learnt of it by its silence. Rejects where there is no such script.
 */
export async function startHelpers(count: number, start: HelperStart, entry: URL): Promise<Helpers> {
  await access(entry).catch((error: Error) => {
    throw new Error(`loadEngine: the helpers' script could not be read (${error.message}); correct helperUrl.`);
  });
  const workers: (Worker | undefined)[] = [];
  let closed = false;
  const startHelper = (helper: number): Worker => {
    const worker = new Worker(entry, { workerData: start });
    worker.unref();
    const forget = (): void => {
      if (workers[helper] === worker) workers[helper] = undefined;
    };
    worker.on('error', forget); // a worker's error that nobody hears ends the process
    worker.on('exit', forget);
    return worker;
  };
  return {
    count,
    patience: PATIENCE,
    ask: (helper, order) => {
      refuseClosed(closed);
      const worker = workers[helper] ?? startHelper(helper);
      workers[helper] = worker;
      worker.postMessage(order);
    },
    close: () => {
      closed = true;
      for (const worker of workers) void worker?.terminate();
    },
  };
}
