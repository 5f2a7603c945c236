// A worker: does jobs of a queue in processes of its own, while this one renews their locks. What a queue holds is data,
// checked in every field before it is done; nothing of it is executed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { thrown } from '@induction-lab/core/internal/printable';
import { readJob } from '../jobs/job.ts';
import { ProcessPool } from '../pool/processPool.ts';
import { type JobQueue, type Outcome, QUEUE_NAME } from './jobQueue.ts';
import type { QueueConnection } from './queueConnection.ts';

export interface ServeOptions {
  /** Jobs at once, and training threads of each. */
  readonly jobs: number;
  readonly threads: number;
  /** End when there is nothing to do and nobody does anything. */
  readonly untilEmpty: boolean;
  readonly signal: AbortSignal;
  readonly say: (sentence: string) => void;
}

/** Milliseconds after which a job whose worker says nothing any more is another's to do, and between looks for such jobs. */
const LOCK = 30_000;
const LOOK_EVERY = 10_000;
/** Workers that a job may lose before it counts as failed: many are lost for no fault of the job's. */
const MOST_LOST = 10;
const EMPTY_EVERY = 500;

/**
 * Serves until the signal aborts, or until the queue is empty. Returns how many jobs it has done. Throws a
 * CommandError where this machine cannot go on; what it was doing goes back to the queue.
 */
export async function serveQueue(
  { bullmq, client }: QueueConnection,
  jobs: JobQueue,
  options: ServeOptions,
): Promise<number> {
  const { signal, say } = options;
  const pool = new ProcessPool({ threads: options.threads });
  const half = mkdtempSync(join(tmpdir(), 'induction-lab-worker-'));
  const ending = new AbortController();
  let broken: Error | null = null;
  let done = 0;
  const worker = new bullmq.Worker<unknown, Outcome>(
    QUEUE_NAME,
    async (queued, token) => {
      const job = readJob(queued.data, `queue, job ${queued.id}`);
      const outcome = await pool.run(job, { half: join(half, `${job.id}.safetensors`) }).catch((error: Error) => {
        broken ??= error; // this machine's fault, not the job's
        ending.abort();
        return 'stopped' as const;
      });
      if (outcome === 'stopped') {
        await queued.moveToWait(token); // another one's, at once
        throw new bullmq.WaitingError();
      }
      done++;
      return outcome;
    },
    {
      connection: client,
      concurrency: options.jobs,
      lockDuration: LOCK,
      stalledInterval: LOOK_EVERY,
      maxStalledCount: MOST_LOST,
      autorun: false,
    },
  );
  let lost = false;
  worker.on('error', (error) => {
    if (!lost) say(`The queue does not answer (${thrown(error)}); trying again.`);
    lost = true;
  });
  worker.on('ready', () => {
    if (lost) say('The queue answers again.');
    lost = false;
  });
  const running = worker.run();
  running.catch(() => {});
  await stopped(AbortSignal.any([signal, ending.signal]), options.untilEmpty ? jobs : null);
  pool.stop();
  await worker.close();
  pool.close();
  rmSync(half, { recursive: true, force: true });
  if (broken) throw broken as Error;
  return done;
}

/** Resolves when the signal aborts, or when the queue has nothing to do any more. */
function stopped(signal: AbortSignal, queue: JobQueue | null): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (!queue) return;
    const look = async (): Promise<void> => {
      const counts = await queue.counts().catch(() => null);
      if (counts && counts.waiting + counts.active === 0) resolve();
      else setTimeout(() => void look(), EMPTY_EVERY);
    };
    void look();
  });
}
