// Somebody's project: an empty folder in which the packed packages are installed, as from the registry.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixture = fileURLToPath(new URL('project/', import.meta.url));

export interface Project {
  readonly folder: string;
  /** Runs a command there and answers what it printed on stdout. Throws an Error with all it printed where it fails. */
  run(command: string, ...args: string[]): string;
  remove(): void;
}

/** A project with these packages; `from` is what it holds besides, the folder beside this file unless told. */
export function emptyProject(packages: readonly string[], { from = fixture }: { from?: string | null } = {}): Project {
  const folder = mkdtempSync(join(tmpdir(), 'induction-lab-project-'));
  if (from === null) writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  else cpSync(from, folder, { recursive: true });
  const run = (command: string, ...args: string[]): string => {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      ...{ cwd: folder, encoding: 'utf8', maxBuffer: 1e8, shell: process.platform === 'win32' },
      env: { ...process.env, NODE_ENV: '', VITEST: '' },
    });
    if (status !== 0)
      throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? ''}\n${stdout}\n${stderr}`);
    return stdout;
  };
  run('npm', 'install', '--no-audit', '--no-fund', ...packages);
  return { folder, run, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
