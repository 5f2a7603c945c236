// Worker entry under Node: one thread of a training run.
import { parentPort, workerData } from 'node:worker_threads';
import { loadModule } from './nodeData.ts';
import { moduleData } from './training/data/moduleSource.ts';
import { tableData } from './training/data/tableSource.ts';
import { type Receive, serveThread, type ThreadOrder, type ThreadStart } from './training/parallel/workerThread.ts';

const port = parentPort!;

const receive: Receive = async (sent) => {
  if (!('url' in sent)) return tableData(sent);
  const { sequence } = await loadModule(sent.url);
  return moduleData({ ...sent, sequence });
};

const carryOut = await serveThread(workerData as ThreadStart, (message) => port.postMessage(message), receive);
port.on('message', (order: ThreadOrder) => carryOut(order));
