// The thread in which commands measure. It loads what a task needs, runs it, and tells aside.ts how it goes; then it waits
// for another one.
import { parentPort } from 'node:worker_threads';
import type { AsideMessage, AsideTask } from './aside/aside.ts';
import type { Host } from './aside/host.ts';
import { toCommandError } from './errors.ts';
import { loadTask } from './work/tasks.ts';

/** Milliseconds between messages about progress: more than a person sees would only slow the work down. */
const TOLD_EVERY = 40;

const post = (message: AsideMessage): void => parentPort?.postMessage(message);

const hostOf = (columns: number): Host => ({
  columns,
  stage(stage) {
    post({ kind: 'progress', stage, done: 0, total: 0 });
    let told = performance.now();
    return (done, total) => {
      const now = performance.now();
      if (now - told < TOLD_EVERY) return;
      told = now;
      post({ kind: 'progress', stage, done, total });
    };
  },
  print: (text) => post({ kind: 'print', text }),
  keep: (kept) => post({ kind: 'keep', kept }),
});

async function carryOut({ task, data, columns }: AsideTask): Promise<void> {
  try {
    const result = await (await loadTask(task))(data, hostOf(columns));
    post({ kind: 'done', result });
  } catch (error) {
    const { message, exitCode } = toCommandError(error);
    post({ kind: 'failed', message, exitCode });
  }
}

parentPort?.on('message', (asked: AsideTask) => void carryOut(asked));
