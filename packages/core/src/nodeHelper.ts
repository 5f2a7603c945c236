// Worker entry under Node: a helper that computes parts of forward passes.
import { parentPort, workerData } from 'node:worker_threads';
import type { HelperStart } from './engine/helpers.ts';
import { serveForward } from './model/parallel/serveForward.ts';

parentPort!.on('message', serveForward(workerData as HelperStart));
