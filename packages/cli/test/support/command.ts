// Runs the built command as a child process, as a user does. Build it first: `tsc -b packages/cli`.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

export const COMMAND: string = fileURLToPath(new URL('../../bin/induction-lab.js', import.meta.url));

export interface Ended {
  /** The exit code; null when a signal ended the process. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export function start(args: readonly string[], options: SpawnOptions = {}): Running {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

export const run = (...args: readonly string[]): Promise<Ended> => start(args).ended;

/** Runs and expects success. */
export async function succeed(...args: readonly string[]): Promise<Ended> {
  const ended = await run(...args);
  expect(ended.code, `${args.join(' ')}\n${ended.stderr}`).toBe(0);
  return ended;
}

/** Trains with --json and sends a signal when a step's record appears. */
export async function signalAtStep(
  step: number,
  signal: NodeJS.Signals,
  args: readonly string[],
): Promise<Ended & { signalled: boolean }> {
  const { child, ended } = start([...args, '--json']);
  let signalled = false;
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (signalled || !((JSON.parse(line) as { step: number }).step >= step)) return;
    signalled = true;
    child.kill(signal);
  });
  return { ...(await ended), signalled };
}

/** What a refusal looks like: its exit code, nothing on stdout, and one sentence on stderr, in one line. */
export function expectRefusal(ended: Ended, sentence: RegExp, code = 2): void {
  const lines = ended.stderr.split('\n').filter((line) => line !== '' && !isHint(line));
  expect(ended, ended.stderr).toMatchObject({ code, stdout: '' });
  expect(lines, ended.stderr).toHaveLength(1);
  expect(lines[0]).toMatch(/^error: /);
  expect(lines[0]).toMatch(sentence);
  expectNoStackTrace(ended);
}

/** Commander's line about the help, and its suggestion of a spelling. */
const isHint = (line: string): boolean => /^\((add --help for the options|Did you mean .*)\)$/.test(line);

export function expectNoStackTrace({ stderr }: Ended): void {
  expect(stderr).not.toMatch(/^\s+at .*:\d+|node:internal|TypeError|ReferenceError|Cannot read prop|\[object/m);
}
