// Worker threads as a pool, for every platform alike: who is ready, which steps to run, what happens when one dies. A
// platform (nodeThreads.ts, browserThreads.ts) starts the workers; each of them computes from one order to the next and
// never waits for whoever gave it.
import { printable, shortened } from '../../errors/printable.ts';
import { DataError } from '../data/trainingData.ts';
import type { StepLosses } from '../stepLosses.ts';
import { abandon, beatsOf, patienceOf } from './heartbeat.ts';
import type { TrainingPlan } from './plan.ts';
import type { PoolThreads } from './runMemory.ts';
import type { ThreadMessage, ThreadOrder } from './workerThread.ts';

/** A worker as its platform shows it. */
export interface TrainingThread {
  send(order: ThreadOrder): void;
  /** Names who hears its messages, and why it died when nobody had asked it to end. */
  listen(onMessage: (message: ThreadMessage) => void, onDeath: (error: Error) => void): void;
  /** Seconds within which it says that it is ready; START unless given. */
  readonly startsWithin?: number;
  /** Ends it; one that is `atRest` waits for orders and might serve another run. */
  end(atRest: boolean): Promise<unknown>;
}

/** Seconds within which a thread is to be ready: its script may have to come from a slow network. */
const START = 60;

/** Milliseconds between two looks at the threads. */
const LOOK = 1000;

/**
 * The pool of started workers. When one dies, the run fails and the rest end. Not every death is told: a thread that has
 * given no sign of life for so long that it cannot be computing counts as dead too. What counts is looks, not a clock, which
 * a sleeping machine or a page in the background would set forward.
 */
export async function workerPool(plan: TrainingPlan, threads: readonly TrainingThread[]): Promise<PoolThreads> {
  let onStep: (losses: StepLosses) => void = () => {};
  let dead: Error | null = null;
  let fail: (error: Error) => void = (error) => {
    dead = error; // nobody waits just now: the next run reports it
  };
  let closing = false;
  const listeners = threads.map((): ((message: ThreadMessage) => void) => () => {});
  const close = async (): Promise<void> => {
    closing = true;
    await Promise.all(threads.map((thread) => thread.end(dead === null)));
  };
  /**
   * Settles when every worker has sent what `pick` picks, or when one has died: told so, or silent for longer than its
   * `patience` in seconds.
   */
  const fromAll = <T>(
    pick: (message: ThreadMessage) => T | undefined,
    silence: { patience: (thread: number) => number; sentence: (seconds: number) => string },
  ): Promise<T[]> => {
    const answered = threads.map(() => false);
    const stopLooking = lookAfter(plan, {
      silent: (thread, looks) => {
        const seconds = (looks * LOOK) / 1000;
        if (answered[thread] || seconds < silence.patience(thread)) return;
        fail(new Error(`Training thread ${thread} ${silence.sentence(seconds)}`));
      },
    });
    return new Promise<T[]>((resolve, reject) => {
      fail = (error) => {
        dead = error;
        abandon(plan);
        void close();
        reject(error);
      };
      if (dead) fail(dead);
      const answers = threads.map(
        (_, thread) =>
          new Promise<T>((settle) => {
            listeners[thread] = (message) => {
              if (message.refused !== undefined) return fail(new DataError(message.refused));
              if (message.losses) onStep(message.losses);
              const picked = pick(message);
              if (picked === undefined) return;
              answered[thread] = true;
              settle(picked);
            };
          }),
      );
      Promise.all(answers).then(resolve, reject);
    }).finally(stopLooking);
  };
  threads.forEach((worker, thread) => {
    worker.listen(
      (message) => listeners[thread]!(message),
      (error) => {
        if (closing) return;
        const why = shortened(printable(error.message), 300);
        fail(new Error(`Training thread ${thread} failed: ${why}`, { cause: error }));
      },
    );
  });
  await fromAll((message) => message.ready, {
    patience: (thread) => threads[thread]!.startsWithin ?? START,
    sentence: (seconds) => `has not started within ${seconds} seconds; start the run again.`,
  });
  const patience = patienceOf(plan);
  return {
    async run(from, to, report) {
      onStep = report;
      const ends = fromAll((message) => message.lastStep, {
        patience: () => patience,
        sentence: (seconds) =>
          `has stopped without saying why (no sign of life for ${seconds} seconds); resume from the last checkpoint, or start again.`,
      });
      for (const worker of threads) worker.send({ from, to });
      return (await ends)[0] as number;
    },
    close,
  };
}

/** Looks at the threads' signs of life, and tells of each look how many have passed since the thread's last one. */
function lookAfter(plan: TrainingPlan, { silent }: { silent: (thread: number, looks: number) => void }): () => void {
  let before = beatsOf(plan);
  const looks = before.map(() => 0);
  const timer = setInterval(() => {
    const now = beatsOf(plan);
    now.forEach((beats, thread) => {
      looks[thread] = beats === before[thread] ? looks[thread]! + 1 : 0;
    });
    before = now;
    looks.forEach((count, thread) => void silent(thread, count));
  }, LOOK);
  return () => clearInterval(timer);
}
