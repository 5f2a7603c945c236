// `induction-lab worker`: does runs of sweeps that somebody has pushed, until it is stopped.
import { availableParallelism } from 'node:os';
import { printable } from '@induction-lab/core/internal/printable';
import { badInput } from '../errors.ts';
import { JobQueue } from '../sweeps/engines/jobQueue.ts';
import { connectQueue } from '../sweeps/engines/queueConnection.ts';
import { serveQueue } from '../sweeps/engines/serveQueue.ts';
import { interruptSignal } from '../terminal/interrupt.ts';

export interface WorkerCommandOptions {
  on: string;
  jobs?: number;
  threads: number;
  untilEmpty?: boolean;
  quiet?: boolean;
}

export async function workerCommand({
  on,
  jobs,
  threads,
  untilEmpty = false,
  quiet = false,
}: WorkerCommandOptions): Promise<void> {
  const say = (sentence: string): void => void (quiet || process.stderr.write(`${printable(sentence)}\n`));
  const connection = await connectQueue(on, { patient: true });
  const queue = new JobQueue(connection);
  const { signal, dispose } = interruptSignal(
    'Giving the runs under way back to the queue; press Ctrl-C again to stop at once.',
  );
  try {
    const { waiting } = await queue.counts();
    const others = await queue.othersWaiting();
    if (others.length > 0) {
      const sentence = `The queue at ${connection.address} holds ${others.map((other) => `${other.waiting} runs of version ${other.name}`).join(' and ')}, which a worker of another version may not do; start one of that version, or push the sweep again with this one.`;
      if (waiting === 0) throw badInput(sentence);
      say(sentence);
    }
    const atOnce = jobs ?? Math.max(1, Math.floor(availableParallelism() / threads));
    say(`Working for ${connection.address}, ${atOnce} at once; Ctrl-C ends it.`);
    const done = await serveQueue(connection, queue, { jobs: atOnce, threads, untilEmpty, signal, say });
    say(`${done} runs done.`);
  } finally {
    dispose();
    await queue.close();
  }
}
