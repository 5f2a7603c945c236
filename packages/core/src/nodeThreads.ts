// Training threads under Node.
import { Worker } from 'node:worker_threads';
import { scriptUrl } from './nodeScript.ts';
import type { StartPool } from './training/parallel/pool.ts';
import { poolOver } from './training/parallel/runMemory.ts';
import { checkWorkerOptions, layOutThreads } from './training/parallel/threadStarts.ts';
import { type TrainingThread, workerPool } from './training/parallel/workerPool.ts';

/**
 * Starts worker threads over shared memory, as many as a run has work for. `workerUrl` is the script of a worker
 * (dist/nodeWorker.js) where a bundler has put it elsewhere. When one dies, the run fails and the rest end.
 * @throws an ArgumentError for an option that it does not have, or an address that is none.
 */
export function startWorkers(options: { readonly workerUrl?: string | URL } = {}): StartPool {
  checkWorkerOptions(options);
  // Compiled code lies in dist, also when this file runs from src.
  const entry = scriptUrl(
    'startWorkers',
    'workerUrl',
    options.workerUrl ?? new URL('../dist/nodeWorker.js', import.meta.url),
  );
  return async (run) => {
    const { memory, starts } = layOutThreads(run, { loadModules: true });
    const threads = starts.map((workerData): TrainingThread => {
      const worker = new Worker(entry, { workerData });
      return {
        send: (order) => worker.postMessage(order),
        listen: (onMessage, onDeath) => {
          worker.on('message', onMessage);
          worker.on('error', onDeath);
          worker.on('exit', (code) =>
            onDeath(new Error(`it ended with code ${code}; resume from the last checkpoint.`)),
          );
        },
        end: () => worker.terminate(), // starting a thread anew costs little here
      };
    });
    return poolOver(memory, workerPool(memory.plan, threads));
  };
}
