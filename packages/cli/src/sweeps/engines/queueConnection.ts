// A connection to Redis or Valkey, and BullMQ, which are there only where somebody has installed them.
import { printable, shortened } from '@induction-lab/core/internal/printable';
import type * as BullMQ from 'bullmq';
import type { Redis } from 'ioredis';
import { badInput } from '../../errors.ts';

export interface QueueConnection {
  readonly bullmq: typeof BullMQ;
  readonly client: Redis;
  /** The address without name and password, for sentences. */
  readonly address: string;
}

/** Milliseconds within which a server must answer at first. */
const ANSWERS_WITHIN = 5000;
/** Milliseconds between tries to reach it again, and how often who is not `patient` tries. */
const TRY_EVERY = 500;
const TRIES = 20;

/**
 * Connects. Who is `patient` waits for as long as it takes when the connection is lost later on. Throws a CommandError where
 * the address is none, BullMQ is not installed, or nobody answers.
 */
export async function connectQueue(url: string, { patient }: { patient: boolean }): Promise<QueueConnection> {
  const address = addressOf(url);
  const [bullmq, { Redis }] = await Promise.all([optional(import('bullmq'), url), optional(import('ioredis'), url)]);
  let begun = false;
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: ANSWERS_WITHIN,
    maxRetriesPerRequest: null, // BullMQ asks for it
    retryStrategy: (times) => (begun && (patient || times <= TRIES) ? TRY_EVERY : null),
  });
  let problem: Error | undefined;
  client.on('error', (error) => {
    problem = error;
  });
  try {
    await within(
      client.connect().then(() => client.ping()),
      ANSWERS_WITHIN,
    );
  } catch (error) {
    client.disconnect();
    const why = shortened(printable((problem ?? (error as Error)).message.replaceAll(url, address)), 200);
    throw badInput(`No Redis answers at ${address} (${why}); start it, or correct --on.`);
  }
  begun = true;
  return { bullmq, client, address };
}

function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '')
    throw badInput('--on must be an address such as redis://host:6379 (rediss:// with TLS), or slurm.');
  return `${url.protocol}//${url.host}`;
}

async function optional<T>(loading: Promise<T>, url: string): Promise<T> {
  try {
    return await loading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw badInput(`--on ${addressOf(url)} needs BullMQ, which is not installed; run npm install bullmq ioredis.`);
  }
}

function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`no answer within ${milliseconds / 1000} s`)), milliseconds).unref();
    }),
  ]);
}
