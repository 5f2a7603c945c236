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

/** What the worker is asked. */
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
export async function runAside<Result>(
  task: AsideTask,
  how: { signal: AbortSignal; listener: Listener },
): Promise<Result> {
  const thread = new AsideThread();
  try {
    return await thread.run<Result>(task, how);
  } finally {
    thread.end();
  }
}

/** A worker that runs one task after the other: what it has loaded and compiled serves the next one, too. */
export class AsideThread {
  private worker: Worker | null = null;

  /** As `runAside`. One task at a time; where one has failed or was stopped, the next has a worker of its own. */
  run<Result>(
    { task, data, columns }: AsideTask,
    { signal, listener }: { signal: AbortSignal; listener: Listener },
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const worker = this.worker ?? this.start();
      let settled = false;
      const settle = (end: () => void): void => {
        if (settled) return;
        settled = true;
        signal.removeEventListener('abort', stop);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        end();
      };
      const fail = (error: unknown): void => {
        this.end();
        reject(error);
      };
      const stop = (): void =>
        settle(() => {
          this.worker = null;
          const waited = new Promise((later) => setTimeout(later, LAST_WORDS).unref());
          const ended = worker.terminate().then(() => true);
          void Promise.race([ended, waited.then(() => false)]).then((gone) => {
            if (!gone) leaveBehind(worker);
            reject(new Stopped());
          });
        });
      const onMessage = (message: AsideMessage): void => {
        if (message.kind === 'progress') listener.progress(message.stage, message.done, message.total);
        else if (message.kind === 'print') listener.print(message.text);
        else if (message.kind === 'keep') listener.keep(message.kept);
        else if (message.kind === 'done') settle(() => resolve(message.result as Result));
        else settle(() => fail(new CommandError(message.message, message.exitCode)));
      };
      // Only what the worker could not tell itself: its heap is full, its file is gone.
      const onError = (error: Error): void =>
        settle(() =>
          fail(
            (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
              ? new CommandError('There is not enough memory for this; measure fewer sequences.', EXIT.failed)
              : error,
          ),
        );
      const onExit = (code: number): void =>
        settle(() =>
          fail(new CommandError(`The measuring thread ended by itself (code ${code}); try again.`, EXIT.failed)),
        );
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      if (signal.aborted) stop();
      else {
        signal.addEventListener('abort', stop);
        worker.postMessage({ task, data, columns } satisfies AsideTask);
      }
    });
  }

  private start(): Worker {
    // From dist, also where a test runs this file from its source.
    const worker = new Worker(new URL('../../dist/asideWorker.js', import.meta.url));
    worker.on('error', () => {}); // heard by the task that runs, and of one at rest by nobody
    worker.on('exit', () => {
      if (this.worker === worker) this.worker = null;
    });
    this.worker = worker;
    return worker;
  }

  /** Ends the worker, which is at rest. */
  end(): void {
    void this.worker?.terminate();
    this.worker = null;
  }
}
