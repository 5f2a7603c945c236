// Folders for new results: what already lies somewhere is never mixed up or lost.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { badInput } from '../errors.ts';
import { LOCK_FILE, RunLock, type TakeOptions } from './runLock.ts';

/**
 * Makes a folder for new results. One that exists must be empty, so that nothing already there is mixed up or lost; what a
 * process left that was killed before it had written anything does not count.
 */
export function createFreshFolder(path: string, option: '--out' | '--figures' = '--out'): void {
  if (existsSync(path)) refuseTaken(path, option);
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Node reports ENOENT where a recursive mkdir meets a read-only file system.
    if (!['ENOENT', 'EACCES', 'EPERM', 'EROFS'].includes(code as string)) throw error;
    throw badInput(`The folder ${path} cannot be made (${code}); choose another ${option}.`);
  }
}

function refuseTaken(path: string, option: '--out' | '--figures'): void {
  let entries: string[];
  try {
    entries = readdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error;
    throw badInput(`${path} exists and is no folder; choose another ${option}.`);
  }
  if (entries.every((name) => option === '--out' && isLeftover(name))) return;
  const what =
    entries.includes('run.json') || entries.includes('report.html') ? 'already holds another run' : 'is not empty';
  const orResume =
    option === '--out' && entries.includes('run.json') ? `, or continue that run with train --resume ${path}` : '';
  throw badInput(`The folder ${path} ${what}; choose another ${option}${orResume}.`);
}

/** A lock, or a file that was being written when its process was killed. */
export const isLeftover = (name: string): boolean =>
  name === LOCK_FILE || /^(run\.json|run\.lock)\.([0-9a-f]+\.)?\d+\.tmp$/.test(name);

/**
 * The same, and takes the folder's lock, so that no other process begins a run there at the same moment. Whoever calls it
 * releases the lock.
 */
export async function claimFreshFolder(path: string, options: TakeOptions = {}): Promise<RunLock> {
  createFreshFolder(path);
  const lock = await RunLock.take(path, options);
  try {
    refuseTaken(path, '--out'); // somebody may have begun, and even ended, a run there before the lock was ours
    for (const name of readdirSync(path)) if (isLeftover(name) && name !== LOCK_FILE) rmSync(join(path, name));
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Claims runs/<time>-<name>, a folder that did not exist: another process asking at the same moment gets another one. */
export function freshRunFolder(name: string): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '');
  mkdirSync('runs', { recursive: true });
  for (let i = 1; ; i++) {
    const path = `runs/${time}-${name}${i === 1 ? '' : `-${i}`}`;
    try {
      mkdirSync(path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
