// Runs a command line within the test's process, as bin/induction-lab.js would; what measures does so in one thread. For
// tests of what commands say and write. Starting a process and its worker takes a second; the tests of signals, of exit
// codes and of real streams do that.
import { Writable } from 'node:stream';
import { expect, vi } from 'vitest';
import type { AsideTask, Listener } from '../../src/aside/aside.ts';
import { commandLine } from '../../src/main.ts';
import { loadTask } from '../../src/work/tasks.ts';
import type { Ended } from './command.ts';

/** A stream that keeps what is written. */
function collector(): { stream: NodeJS.WriteStream; text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk, _, done) => {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => chunks.join('') };
}

async function runHere<Result>(
  { task, data, columns }: AsideTask,
  { listener }: { listener: Listener },
): Promise<Result> {
  const work = await loadTask(task);
  // What crosses to another thread is cloned there.
  return (await work(structuredClone(data), {
    columns,
    stage: (name) => {
      listener.progress(name, 0, 0);
      return (done, total) => listener.progress(name, done, total);
    },
    print: listener.print,
    keep: listener.keep,
  })) as Result;
}

const MEASURING = new Set(['heads', 'prompt', 'audit', 'evaluate', 'ablate', 'patch', 'compose', 'prove', 'dynamics', 'cache']);

/** What work prints to the process's own streams, as commands that train do; work that runs at the same time is heard too. */
export async function printedBy<Result>(
  work: () => Promise<Result>,
  [stdout, stderr] = [collector(), collector()],
): Promise<{ result: Result; printed: Pick<Ended, 'stdout' | 'stderr'> }> {
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => stdout.stream.write(text)),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => stderr.stream.write(text)),
  ];
  try {
    const result = await work();
    return { result, printed: { stdout: stdout.text(), stderr: stderr.text() } };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Runs a command line, one at a time; measures without progress, which would depend on how busy the machine is. */
export async function run(...args: readonly string[]): Promise<Ended> {
  const [stdout, stderr] = [collector(), collector()];
  const around = { stdout: stdout.stream, stderr: stderr.stream, runTask: runHere };
  const quiet = MEASURING.has(args[0] ?? '') && args.length > 1 ? ['--quiet'] : [];
  const { result, printed } = await printedBy(
    () => commandLine(['node', 'induction-lab', ...args, ...quiet], around),
    [stdout, stderr],
  );
  return { code: result, ...printed };
}

/** Runs and expects success. */
export async function succeed(...args: readonly string[]): Promise<Ended> {
  const ended = await run(...args);
  expect(ended.code, `${args.join(' ')}\n${ended.stderr}`).toBe(0);
  return ended;
}
