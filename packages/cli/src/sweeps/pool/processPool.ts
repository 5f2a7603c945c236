// Processes that do jobs, each many of them. Processes, not threads: one that dies takes nothing else with it, and the one
// that waits for them stays free to answer, to renew what it holds elsewhere, and to write what comes.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CommandError, EXIT } from '../../errors.ts';
import type { Job } from '../jobs/job.ts';
import { type JobFailure, type JobResult, jobFailure } from '../jobs/jobResult.ts';
import type { Answer, Order } from './messages.ts';

/** Times that a job may take its process down before it counts as failed. */
const TRIES = 3;

/** Milliseconds that a process gets to save its job when it is to stop; while it measures it does not hear that. */
const LAST_WORDS = 4000;

export interface RunOptions {
  /** Where the job's state is kept while it is half done. */
  readonly half: string;
  readonly onStep?: (step: number) => void;
}

type Outcome = { readonly result: JobResult } | { readonly failure: JobFailure } | 'stopped';

export class ProcessPool {
  private readonly threads: number;
  private readonly idle: ChildProcess[] = [];
  private readonly busy = new Set<ChildProcess>();
  private stopped = false;

  /** Starts processes as they are needed: as many as jobs are run at once. `threads` is what each trains with. */
  constructor({ threads }: { threads: number }) {
    this.threads = threads;
  }

  /** Ids of its processes: for tests that end one. */
  get pids(): number[] {
    return [...this.busy, ...this.idle].map(({ pid }) => pid!);
  }

  /**
   * Does a job in a process that has nothing to do. A process that dies is replaced, and the job goes on from where it had
   * been saved. Throws a CommandError for what is wrong with this machine.
   */
  async run(job: Job, { half, onStep }: RunOptions): Promise<Outcome> {
    let ending = '';
    for (let tries = 0; tries < TRIES; tries++) {
      if (this.stopped) return 'stopped';
      const child = this.idle.pop() ?? start();
      this.busy.add(child);
      const answer = await ask(child, { kind: 'run', job, half, threads: this.threads }, onStep);
      this.busy.delete(child);
      if (typeof answer === 'string') {
        ending = answer;
        continue;
      }
      this.idle.push(child);
      if (answer.kind === 'done') return { result: answer.result };
      if (answer.kind === 'failed') return { failure: jobFailure(job, answer.sentence) };
      if (answer.kind === 'broken') throw new CommandError(answer.sentence, EXIT.failed);
      return 'stopped';
    }
    return {
      failure: jobFailure(job, `Its process ended ${TRIES} times (${ending}); it may need more memory than there is.`),
    };
  }

  /** Asks every process to save what it does and to stop; ends those that do not within seconds. */
  stop(): void {
    this.stopped = true;
    for (const child of this.busy) {
      child.send({ kind: 'stop' } satisfies Order, () => {});
      setTimeout(() => this.busy.has(child) && child.kill('SIGKILL'), LAST_WORDS).unref();
    }
  }

  /** Ends the processes. */
  close(): void {
    for (const child of [...this.idle, ...this.busy]) child.kill('SIGKILL');
  }
}

// From dist, also where a test runs this file from its source.
const start = (): ChildProcess =>
  fork(fileURLToPath(new URL('../../../dist/sweepProcess.js', import.meta.url)), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  });

/** The answer of a process to an order; in words how it ended where it did before it answered. */
function ask(child: ChildProcess, order: Order, onStep?: (step: number) => void): Promise<Answer | string> {
  return new Promise((resolve) => {
    const onMessage = (answer: Answer): void => {
      if (answer.kind === 'step') onStep?.(answer.step);
      else settle(answer);
    };
    const onExit = (code: number | null, signal: string | null): void => settle(signal ?? `code ${code}`);
    const onError = (error: Error): void => settle(error.message);
    const settle = (answer: Answer | string): void => {
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      if (typeof answer === 'string') child.kill('SIGKILL');
      resolve(answer);
    };
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
    child.send(order, (error) => error && settle(error.message));
  });
}
