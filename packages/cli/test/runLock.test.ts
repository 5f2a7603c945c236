// One process at a time writes in a run folder, on one machine or on several that share a file system.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { LOCK_FILE, RunLock } from '../src/runs/runLock.ts';
import { temporaryFolder } from './support/folders.ts';

const base = temporaryFolder();
const held: RunLock[] = [];
afterEach(() => {
  for (const lock of held.splice(0)) lock.release();
});

const fresh = (): string => mkdtempSync(join(base, 'run-'));
const fileOf = (folder: string): string => join(folder, LOCK_FILE);
const ago = (seconds: number): string => new Date(Date.now() - 1000 * seconds).toISOString();

async function take(folder: string, options: Parameters<typeof RunLock.take>[1] = {}): Promise<RunLock> {
  const lock = await RunLock.take(folder, options);
  held.push(lock);
  return lock;
}

/** A lock as this process writes it, of another holder. */
async function lockOf(changes: object): Promise<string> {
  const folder = fresh();
  const lock = await RunLock.take(folder);
  const holder = JSON.parse(readFileSync(fileOf(folder), 'utf8'));
  lock.release();
  writeFileSync(fileOf(folder), `${JSON.stringify({ ...holder, id: 'another', ...changes })}\n`);
  return folder;
}

/** No process has this number. */
const NOBODY = 999_999_999;
const elsewhere = { machine: 'another', host: 'far-away', pid: process.pid };

test('a folder in use is refused in one sentence that says by whom and since when, and is free afterwards', async () => {
  const folder = fresh();
  const lock = await take(folder);
  const who = `^Process ${process.pid} on .+, there since \\d{4}-.*Z, is writing in .*; wait until it has ended.*\\.$`;
  await expect(take(folder)).rejects.toThrow(new RegExp(who));
  await expect(take(folder)).rejects.toMatchObject({ exitCode: 2 });
  lock.check();
  lock.release();
  expect(existsSync(fileOf(folder))).toBe(false);
  await take(folder);
});

test('a dead process of this machine keeps nothing', async () => {
  const folder = await lockOf({ pid: NOBODY });
  (await take(folder)).check();
});

test('a process that has been silent for 30 seconds loses the lock, and finds out before it writes', async () => {
  const folder = fresh();
  const slept = await take(folder);
  const holder = JSON.parse(readFileSync(fileOf(folder), 'utf8'));
  writeFileSync(fileOf(folder), `${JSON.stringify({ ...holder, beat: ago(29) })}\n`);
  await expect(take(folder)).rejects.toThrow(/is writing in/);
  writeFileSync(fileOf(folder), `${JSON.stringify({ ...holder, beat: ago(31) })}\n`);
  const next = await take(folder);
  expect(() => slept.check()).toThrow(
    /Another process \(Process \d+ .*Z\) has taken over .*writes nothing more there\.$/,
  );
  slept.release(); // leaves the other's lock alone
  next.check();
});

test('another machine: what beats is alive however its clock goes, what is silent is not', async () => {
  const options = { staleAfter: 400 };
  await expect(take(await lockOf({ ...elsewhere, beat: ago(0.1) }), options)).rejects.toThrow(/far-away/);
  for (const clock of [3600, -3600]) {
    const beating = await lockOf({ ...elsewhere, beat: ago(clock) });
    const heart = setInterval(() => writeFileSync(fileOf(beating), `${JSON.stringify({ beat: Math.random() })}\n`), 60);
    await expect(take(beating, options)).rejects.toMatchObject({ exitCode: 2 });
    clearInterval(heart);
    const told: string[] = [];
    const silent = await lockOf({ ...elsewhere, beat: ago(clock) });
    (await take(silent, { ...options, onWait: (sentence) => told.push(sentence) })).check();
    expect(told).toEqual([expect.stringMatching(/^Process \d+ on far-away.* listening for 1 seconds/)]);
  }
});

test.for(['', 'null', '{"pid":1}', '{"pid":"x', '\u0000\u0000', '[]'])(
  'a lock that says %j is nobody’s',
  async (text) => {
    const folder = fresh();
    writeFileSync(fileOf(folder), text);
    await expect(take(folder)).rejects.toThrow(/^An unknown process is writing in/); // it may be just being written
    utimesSync(fileOf(folder), 1, 1);
    (await take(folder, { staleAfter: 200 })).check();
  },
);

test('a host name cannot act on a terminal', async () => {
  const folder = await lockOf({ ...elsewhere, host: '\u001b[2Jx', since: '\u0007' });
  await expect(take(folder)).rejects.toThrow(/^[^\p{Cc}]*␛\[2Jx[^\p{Cc}]*$/u);
});

test('a lock that somebody removed is made anew, unless another process is quicker', async () => {
  const folder = fresh();
  const lock = await take(folder);
  rmSync(fileOf(folder));
  lock.check();
  await expect(take(folder)).rejects.toThrow(/is writing in/);
  rmSync(fileOf(folder));
  const other = await take(folder);
  expect(() => lock.check()).toThrow(/has taken over/);
  other.check();
});

test('of several processes that find a dead one’s lock at the same moment, one gets it', async () => {
  const folder = await lockOf({ pid: NOBODY });
  const script = `
    const { RunLock } = await import(${JSON.stringify(new URL('../dist/runs/runLock.js', import.meta.url).href)});
    process.stdout.write('ready ');
    process.stdin.once('data', async (begin) => {
      while (Date.now() < Number(begin));
      const outcome = await RunLock.take(${JSON.stringify(folder)}).then(() => 'won', (error) => error.message);
      process.stdout.write(outcome);
    });`;
  const children = Array.from({ length: 4 }, () => spawn(process.execPath, ['--input-type=module', '-e', script]));
  const hear = (): Promise<string[]> =>
    Promise.all(
      children.map(({ stdout }) => new Promise<string>((said) => stdout.once('data', (text) => said(String(text))))),
    );
  await hear();
  for (const { stdin } of children) stdin.write(String(Date.now() + 50));
  const said = await hear();
  for (const child of children) child.kill('SIGKILL');
  expect(said.filter((text) => text === 'won')).toHaveLength(1);
  expect(said.filter((text) => text.includes('is writing in'))).toHaveLength(3);
});
