// A file system of its own: read-only, or so small that it fills.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';

const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0;

/** Calls `use` with a tmpfs. Skips the test where mounting needs rights that we do not have (it needs root on Linux). */
export async function withMount(
  context: TestContext,
  options: string,
  use: (path: string) => Promise<void>,
): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'induction-lab-mount-'));
  try {
    if (!mount('-t', 'tmpfs', '-o', options, 'none', path))
      return context.skip('mounting a tmpfs needs root on Linux; runs wherever that is given');
    try {
      await use(path);
    } finally {
      spawnSync('umount', ['-l', path]);
    }
  } finally {
    rmdirSync(path);
  }
}

export const remount = (path: string, options: string): boolean => mount('-o', `remount,${options}`, path);
