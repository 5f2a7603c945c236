// Worker entry under Node: one thread of a training run.
import { parentPort, workerData } from 'node:worker_threads';
import { serveThread, type ThreadStart } from './training/parallel/workerPool.ts';

const port = parentPort!;
port.on(
  'message',
  serveThread(workerData as ThreadStart, (message) => port.postMessage(message)),
);
