// One thread of a training run in a browser, as the worker that it runs in serves it.
import { tableData } from './training/data/tableSource.ts';
import type { TokenTable } from './training/data/trainingData.ts';
import { type Receive, serveThread, type ThreadOrder, type ThreadStart } from './training/parallel/workerThread.ts';

const answer = (message: unknown): void => globalThis.postMessage(message);

/** The threads of a page are sent no modules (browserThreads.ts). */
const receive: Receive = (sent) => tableData(sent as TokenTable);

/** Held for as long as this worker lives, so that it is noticed when it goes without an error (browserThreads.ts). */
function holdLock(): void {
  const lock = `training thread ${crypto.randomUUID()}`;
  navigator.locks
    ?.request(lock, () => {
      answer({ lock });
      return new Promise(() => {});
    })
    .catch(() => {}); // not allowed here
}

/**
 * Makes this worker a training thread: to be called once, while its script runs, by a script whose URL is given to
 * `startWorkers` as `workerUrl`. The first message starts the thread, the others are orders, until a null ends the run;
 * the next message starts another.
 * What goes wrong in the thread is thrown as an error of this worker, which its owner hears.
 */
export function serveTrainingThread(): void {
  holdLock();
  let carryOut: ((order: ThreadOrder) => void) | null = null;
  globalThis.onmessage = ({ data }: MessageEvent<ThreadStart | ThreadOrder | null>) => {
    if (data === null) carryOut = null;
    else if (carryOut) carryOut(data as ThreadOrder);
    else
      serveThread(data as ThreadStart, answer, receive).then(
        (ready) => {
          carryOut = ready;
        },
        (error) =>
          setTimeout(() => {
            throw error;
          }), // as an error of this worker, which its owner hears
      );
  };
}
