// Worker entry under Node: a helper that computes parts of forward passes.
import { parentPort, workerData } from 'node:worker_threads';
import type { HelperStart } from './engine/helpers.ts';
import { serveForward } from './model/parallel/serveForward.ts';

const port = parentPort!;
port.on('message', serveForward(workerData as HelperStart));
port.postMessage('ready');
