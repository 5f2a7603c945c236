// Runs a command that measures: its work aside, its progress on stderr, its results on stdout, Ctrl-C answered at once.
import { printable } from '@induction-lab/core/internal/printable';
import { type RunTask, Stopped } from '../aside/aside.ts';
import type { Kept, MeasuringTask } from '../aside/host.ts';
import { CommandError, EXIT } from '../errors.ts';
import { claimOutputs, type Outputs } from '../runs/outputs.ts';
import { MeasuringProgress } from '../terminal/measuringProgress.ts';
import { columnsOf } from '../terminal/textTable.ts';

/** Where a command speaks, and how it works. */
export interface Surroundings {
  readonly stdout: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;
  readonly stderr: NodeJS.WriteStream;
  readonly runTask: RunTask;
}

/** Runs a task of tasks.ts as a command. Ctrl-C, a termination and a terminal that closes stop it. */
export async function measuringCommand(
  name: string,
  { target, options }: MeasuringTask<{ quiet?: boolean }>,
  { outputs = {}, stdout, stderr, runTask }: Surroundings & { outputs?: Outputs },
): Promise<void> {
  const claimed = claimOutputs(outputs);
  const { signal, dispose } = stopSignal();
  const progress = new MeasuringProgress({ name, quiet: options.quiet ?? false, stream: stderr });
  let kept: Kept | null = null;
  const print = (text: string): void => {
    progress.clear();
    stdout.write(text.split('\n').map(printable).join('\n'));
  };
  progress.start();
  try {
    await runTask(
      { task: name, data: { target, options }, columns: columnsOf(stdout) },
      {
        signal,
        listener: {
          progress: (stage, done, total) => progress.note(stage, done, total),
          print,
          keep: (latest) => {
            kept = latest;
          },
        },
      },
    );
  } catch (error) {
    progress.end();
    claimed.release();
    if (!(error instanceof Stopped)) throw error;
    const { text, sentence } = (kept as Kept | null) ?? { text: '', sentence: 'before anything was measured' };
    print(text);
    throw new CommandError(`Stopped ${sentence}.`, EXIT.interrupted);
  } finally {
    progress.end();
    dispose();
  }
}

/** Aborts at Ctrl-C (SIGINT), SIGTERM and SIGHUP; a second one ends the process at once. */
function stopSignal(): { signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
