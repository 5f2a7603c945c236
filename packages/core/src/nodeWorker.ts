// Worker entry under Node: one thread of a training run.
import { parentPort, workerData } from 'node:worker_threads';
import { loadModule } from './nodeData.ts';
import { serveThread, type ThreadOrder, type ThreadStart } from './training/parallel/workerThread.ts';

const port = parentPort!;
const carryOut = await serveThread(workerData as ThreadStart, (message) => port.postMessage(message), loadModule);
port.on('message', (order: ThreadOrder) => carryOut(order));
