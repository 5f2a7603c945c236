// Runs long work in a worker thread, so that this thread stays free to show progress and to answer Ctrl-C at once. Core's
// analyses are synchronous: nothing else could stop one in the middle of a model run.
import { Worker } from 'node:worker_threads';
import { CommandError, EXIT } from '../errors.ts';
import type { Host, Kept } from './host.ts';

/** What the worker says. */
export type AsideMessage =
  | { readonly kind: 'progress'; readonly stage: string; readonly done: number; readonly total: number }
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'keep'; readonly kept: Kept }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly message: string; readonly exitCode: number };

/** What the worker is started with. */
export interface AsideTask {
  /** A name of tasks.ts. */
  readonly task: string;
  /** Handed to the task; must be cloneable. */
  readonly data: unknown;
  readonly columns: number;
}

/** Called in this thread as the work goes on. */
export interface Listener {
  progress(stage: string, done: number, total: number): void;
  print: Host['print'];
  keep: Host['keep'];
}

/** How a task is run: aside, or, in tests, in the same thread. */
export type RunTask = <Result>(
  task: AsideTask,
  how: { readonly signal: AbortSignal; readonly listener: Listener },
) => Promise<Result>;

/** Milliseconds that a stopped worker gets to end; one in a system call does not hear that it should. */
const LAST_WORDS = 500;

/** A thread that hears nothing would keep the process at its exit: there it ends by the signal that was to end it. */
function leaveBehind(worker: Worker): void {
  worker.unref();
  process.once('exit', () => process.kill(process.pid, 'SIGINT'));
}

/** Thrown when the signal stopped the work. */
export class Stopped extends Error {}

/**
 * Runs a task aside and returns its result. A failure there is thrown here as a CommandError with the same sentence and
 * exit code. When `signal` aborts, the worker ends in the middle of whatever it does, and Stopped is thrown.
 */
export function runAside<Result>(
  { task, data, columns }: AsideTask,
  { signal, listener }: { signal: AbortSignal; listener: Listener },
): Promise<Result> {
  return new Promise((resolve, reject) => {
    // From dist, also where a test runs this file from its source.
    const worker = new Worker(new URL('../../dist/asideWorker.js', import.meta.url), {
      workerData: { task, data, columns },
    });
    let settled = false;
    const settle = (end: () => void): void => {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', stop);
      end();
    };
    const stop = (): void =>
      settle(() => {
        const waited = new Promise((later) => setTimeout(later, LAST_WORDS).unref());
        const ended = worker.terminate().then(() => true);
        void Promise.race([ended, waited.then(() => false)]).then((gone) => {
          if (!gone) leaveBehind(worker);
          reject(new Stopped());
        });
      });
    worker.on('message', (message: AsideMessage) => {
      if (settled) return;
      if (message.kind === 'progress') listener.progress(message.stage, message.done, message.total);
      else if (message.kind === 'print') listener.print(message.text);
      else if (message.kind === 'keep') listener.keep(message.kept);
      else if (message.kind === 'done') settle(() => resolve(message.result as Result));
      else settle(() => reject(new CommandError(message.message, message.exitCode)));
    });
    // Only what the worker could not tell itself: its heap is full, its file is gone.
    worker.on('error', (error) =>
      settle(() =>
        reject(
          (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? new CommandError('There is not enough memory for this; measure fewer sequences.', EXIT.failed)
            : error,
        ),
      ),
    );
    worker.on('exit', (code) =>
      settle(() =>
        reject(new CommandError(`The measuring thread ended by itself (code ${code}); try again.`, EXIT.failed)),
      ),
    );
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
  });
}
