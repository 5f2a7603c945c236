// The jobs of sweeps in a queue. Each version of the program and its kernels has a queue of its own, so that no worker of
// another one can take its jobs; which queues there are stands in a set beside them. A job's id begins with the key of the
// sweep's folder: results go back to whoever asked, whatever else the queue holds.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { KERNELS_VERSION } from '@induction-lab/core/node';
import type { Queue, Job as QueuedJob } from 'bullmq';
import { badInput } from '../../errors.ts';
import { readJson, writeJson } from '../../files/wholeFiles.ts';
import { VERSION } from '../../version.ts';
import type { SweepFolder } from '../folder/sweepFolder.ts';
import type { Job } from '../jobs/job.ts';
import { checkJobFailure, checkJobResult, type JobFailure, type JobResult, jobFailure } from '../jobs/jobResult.ts';
import type { QueueConnection } from './queueConnection.ts';

const PREFIX = 'induction-lab';
export const QUEUE_NAME: string = `${PREFIX}-${VERSION}-kernels-${KERNELS_VERSION}`;
const QUEUES_KEY = `${PREFIX}:queues`;

/** Jobs that are sent, or asked for, at once. */
const BATCH = 200;

/** What a worker gives back. */
export type Outcome = { readonly result: JobResult } | { readonly failure: JobFailure };

export class JobQueue {
  readonly queue: Queue<Job, Outcome>;
  private readonly connection: QueueConnection;

  constructor(connection: QueueConnection) {
    this.connection = connection;
    this.queue = new connection.bullmq.Queue(QUEUE_NAME, { connection: connection.client });
    this.queue.on('error', () => {}); // told where a command fails; the client tries again by itself
  }

  /**
   * Adds jobs; those of this folder that the queue has already stay as they are. Returns how many were sent, which `onSent`
   * hears on the way.
   */
  async push(jobs: Iterable<Job>, { key, onSent }: { key: string; onSent?: (sent: number) => void }): Promise<number> {
    await this.connection.client.sadd(QUEUES_KEY, QUEUE_NAME);
    let sent = 0;
    let batch: Job[] = [];
    const send = async (): Promise<void> => {
      await this.queue.addBulk(
        batch.map((job) => ({
          name: 'run',
          data: job,
          opts: { jobId: `${key}.${job.id}`, removeOnComplete: false, removeOnFail: false },
        })),
      );
      sent += batch.length;
      onSent?.(sent);
      batch = [];
    };
    for (const job of jobs) if (batch.push(job) === BATCH) await send();
    if (batch.length > 0) await send();
    return sent;
  }

  /**
   * Takes what is ready for a folder: `keep` writes it, and only then it leaves the queue, so that a full disk loses nothing.
   * Returns how much there was.
   */
  async pull(key: string, keep: (outcome: Outcome) => void): Promise<number> {
    return (await this.take('completed', key, keep)) + (await this.take('failed', key, keep));
  }

  private async take(state: 'completed' | 'failed', key: string, keep: (outcome: Outcome) => void): Promise<number> {
    let [taken, others] = [0, 0];
    for (;;) {
      const page = (await this.queue.getJobs([state], others, others + BATCH - 1)).filter(Boolean);
      for (const job of page) {
        if (!job.id?.startsWith(`${key}.`)) {
          others++;
          continue;
        }
        keep(outcomeOf(job));
        await job.remove();
        taken++;
      }
      if (page.length < BATCH) return taken;
    }
  }

  /** Jobs that wait, and that are under way; and workers that listen. */
  async counts(): Promise<{ waiting: number; active: number; workers: number }> {
    const {
      waiting = 0,
      active = 0,
      prioritized = 0,
      delayed = 0,
    } = await this.queue.getJobCounts('waiting', 'active', 'prioritized', 'delayed');
    return { waiting: waiting + prioritized + delayed, active, workers: await this.queue.getWorkersCount() };
  }

  /** Queues of other versions that hold jobs nobody of this version may do. */
  async othersWaiting(): Promise<{ name: string; waiting: number }[]> {
    const { client, bullmq } = this.connection;
    const names = (await client.smembers(QUEUES_KEY)).filter((name) => name !== QUEUE_NAME && name.startsWith(PREFIX));
    return (
      await Promise.all(
        names.map(async (name) => {
          const other = new bullmq.Queue(name, { connection: client });
          other.on('error', () => {});
          return {
            name: name.slice(PREFIX.length + 1).replace('-kernels-', ', kernels '),
            waiting: await other.getWaitingCount(),
          };
        }),
      )
    ).filter(({ waiting }) => waiting > 0);
  }

  async close(): Promise<void> {
    await this.queue.close();
    this.connection.client.disconnect();
  }
}

function outcomeOf({ data, returnvalue, failedReason, id }: QueuedJob<Job, Outcome | null>): Outcome {
  if (returnvalue && 'result' in returnvalue) return { result: checkJobResult(returnvalue.result, `queue, job ${id}`) };
  if (returnvalue) return { failure: checkJobFailure(returnvalue.failure, `queue, job ${id}`) };
  return { failure: jobFailure(data, failedReason ?? 'The queue says nowhere why it failed.') };
}

/** The key by which a folder's jobs are told from those of others; made at the first push. */
export function queueKey(folder: SweepFolder): string {
  const path = folder.file('queue.json');
  if (existsSync(path)) {
    const { key } = (readJson(path, 'queue.json') ?? {}) as { key?: unknown };
    if (typeof key === 'string' && /^[0-9a-f]{16}$/.test(key)) return key;
    throw badInput(`${path} names no key; remove it, and push the sweep again.`);
  }
  const key = randomBytes(8).toString('hex');
  writeJson(path, { key });
  return key;
}
