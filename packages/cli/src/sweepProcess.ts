// A process of a sweep's pool: does one job after the other, so that only the first waits for the program to load. It ends
// when its parent does; the signals of a terminal are the parent's to answer.
import { toCommandError } from './errors.ts';
import { runJob } from './sweeps/jobs/runJob.ts';
import type { Answer, Order } from './sweeps/pool/messages.ts';

/** Milliseconds between messages about steps. */
const TOLD_EVERY = 200;

let stopping = new AbortController();
const tell = (answer: Answer): void => void process.send?.(answer);

async function answer({ job, half, threads }: Extract<Order, { kind: 'run' }>): Promise<Answer> {
  let told = performance.now();
  const onStep = (step: number): void => {
    const now = performance.now();
    if (now - told < TOLD_EVERY) return;
    told = now;
    tell({ kind: 'step', step });
  };
  try {
    const result = await runJob(job, { half, threads, signal: stopping.signal, onStep });
    return result === null ? { kind: 'stopped' } : { kind: 'done', result };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { kind: typeof code === 'string' ? 'broken' : 'failed', sentence: toCommandError(error).message };
  }
}

process.on('message', (order: Order) => {
  if (order.kind === 'stop') return stopping.abort();
  stopping = new AbortController();
  void answer(order).then(tell);
});
process.on('disconnect', () => {
  stopping.abort();
  setTimeout(() => process.exit(), 2000).unref(); // time to save what is under way
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
