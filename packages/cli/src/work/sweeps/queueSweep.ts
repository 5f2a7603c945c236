// `induction-lab sweep push` and `pull`, and both in turn: a sweep in a queue.
import { setTimeout as wait } from 'node:timers/promises';
import { counted } from '@induction-lab/core/internal/names';
import { printable } from '@induction-lab/core/internal/printable';
import { badInput, CommandError, EXIT } from '../../errors.ts';
import { JobQueue, queueKey } from '../../sweeps/engines/jobQueue.ts';
import { connectQueue } from '../../sweeps/engines/queueConnection.ts';
import { beginTarget, jobsOf, type OpenSweep, readTarget } from '../../sweeps/folder/openSweep.ts';
import { refuseGpu } from '../../sweeps/gpu/refuseGpu.ts';
import { SweepProgress } from '../../sweeps/pool/sweepProgress.ts';
import { interruptSignal } from '../../terminal/interrupt.ts';
import { shellWord } from '../../terminal/shellWord.ts';
import { showingSteps } from '../../terminal/showingSteps.ts';

export interface QueueSweepOptions {
  on: string;
  out?: string;
  exact?: boolean;
  mixed?: boolean;
  retry?: boolean;
  wait?: boolean;
  quiet?: boolean;
}

/** Milliseconds between looks for results. */
const LOOK_EVERY = 1000;

export async function pushSweepCommand(target: string, options: QueueSweepOptions): Promise<void> {
  const open = await openToPush(target, options);
  const { sent, address } = await push(open, options);
  if (!options.quiet)
    process.stdout.write(
      `${counted(sent, 'run')} sent to ${address}. On any machine: npx induction-lab worker --on ${address}; here, for the results: npx induction-lab sweep pull ${printable(shellWord(open.folder.path))} --on ${address}\n`,
    );
}

async function openToPush(target: string, options: QueueSweepOptions): Promise<OpenSweep> {
  const open = await beginTarget(target, options);
  if (open.sweep.data !== null)
    throw badInput(
      `${printable(target)} trains on data of its own (${printable(open.sweep.data.path)}), which a queue does not carry; run it here, or in parts (--part) on machines that have the file.`,
    );
  refuseGpu(open, 'a queue does not say which GPUs its workers have');
  if (options.retry) open.folder.forgetFailures();
  return open;
}

/** Sends what of a sweep is not done yet. */
export async function push(
  open: OpenSweep,
  { on, quiet = false }: Pick<QueueSweepOptions, 'on' | 'quiet'>,
): Promise<{ sent: number; address: string }> {
  const connection = await connectQueue(on, { patient: false });
  const queue = new JobQueue(connection);
  try {
    const { folder, entries } = open;
    const there = new Set([...folder.done(), ...folder.failed()]);
    const jobs = jobsOf(open, entries, there);
    const sent = await showingSteps('sending', { name: 'push', quiet }, (onStep) =>
      queue.push(jobs, { key: queueKey(folder), onSent: (sent) => onStep(sent, entries.length - there.size) }),
    );
    return { sent, address: connection.address };
  } finally {
    await queue.close();
  }
}

export async function pullSweepCommand(target: string, options: QueueSweepOptions): Promise<void> {
  await pull(await readTarget(target, { out: options.out }), options);
}

/** Sends a sweep and waits for its results. */
export async function runInQueue(target: string, options: QueueSweepOptions): Promise<void> {
  const open = await openToPush(target, options);
  await push(open, options);
  await pull(open, { ...options, wait: true });
}

/** Takes results into the folder of a sweep; with `wait` until all are there. */
export async function pull({ folder, entries, sweep }: OpenSweep, options: QueueSweepOptions): Promise<void> {
  const { quiet = false } = options;
  const connection = await connectQueue(options.on, { patient: options.wait ?? false });
  const queue = new JobQueue(connection);
  const { signal, dispose } = interruptSignal('Ending; results stay in the queue until they are pulled.');
  const progress = new SweepProgress({ name: sweep.name, quiet });
  const key = queueKey(folder);
  const jobs = new Set(entries.map(({ job }) => job));
  let pulled = 0;
  try {
    for (let alone = false; ; ) {
      pulled += await queue.pull(key, (outcome) => {
        if ('result' in outcome) folder.writeResult(outcome.result);
        else folder.writeFailure(outcome.failure);
      });
      const [done, failed] = [folder.done(), folder.failed()].map(
        (ids) => [...ids].filter((id) => jobs.has(id)).length,
      ) as [number, number];
      if (!options.wait || signal.aborted || done + failed >= jobs.size) {
        progress.end();
        return tell({ done, failed, of: jobs.size, pulled }, { path: folder.path, stopped: signal.aborted, options });
      }
      const counts = await queue.counts();
      progress.show({ done, failed, of: jobs.size, running: counts.active }, { ended: pulled });
      if (counts.workers === 0 && !alone)
        progress.say(
          `No worker of this version listens yet; on any machine: npx induction-lab worker --on ${connection.address}`,
        );
      alone = counts.workers === 0;
      await wait(LOOK_EVERY, undefined, { signal }).catch(() => {});
    }
  } finally {
    progress.end();
    dispose();
    await queue.close();
  }
}

function tell(
  { done, failed, of, pulled }: { done: number; failed: number; of: number; pulled: number },
  { path, stopped, options }: { path: string; stopped: boolean; options: QueueSweepOptions },
): void {
  const standing = `${done.toLocaleString('en')} of ${of.toLocaleString('en')} runs are done in ${printable(path)}`;
  if (stopped && options.wait && done + failed < of)
    throw new CommandError(`Stopped; ${standing}, the rest stays in the queue.`, EXIT.interrupted);
  if (options.wait && failed > 0)
    throw new CommandError(
      `${failed} of ${of} runs failed; sweep status ${shellWord(path)} says which and why, and --retry does them again.`,
      EXIT.failed,
    );
  if (!options.quiet)
    process.stdout.write(
      `${pulled.toLocaleString('en')} pulled; ${standing}${failed > 0 ? `, ${failed} failed` : ''}.\n`,
    );
}
