// The thread in which commands measure. It loads what a task needs, runs it, and tells aside.ts how it goes.
import { parentPort, workerData } from 'node:worker_threads';
import type { AsideMessage, AsideTask } from './aside/aside.ts';
import type { Host } from './aside/host.ts';
import { toCommandError } from './errors.ts';
import { loadTask } from './work/tasks.ts';

/** Milliseconds between messages about progress: more than a person sees would only slow the work down. */
const TOLD_EVERY = 40;

const { task, data, columns } = workerData as AsideTask;
const post = (message: AsideMessage): void => parentPort?.postMessage(message);

const host: Host = {
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
};

try {
  const result = await (await loadTask(task))(data, host);
  post({ kind: 'done', result });
} catch (error) {
  const { message, exitCode } = toCommandError(error);
  post({ kind: 'failed', message, exitCode });
}
