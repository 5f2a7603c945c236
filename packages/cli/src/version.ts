import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const load = createRequire(import.meta.url);

/** The version of the package, as recorded in every run. */
export const VERSION: string = (load('../package.json') as { version: string }).version;

let commit: string | null | undefined;

/** The commit of the checkout that this program runs from; null where it is installed as a package. */
export function programCommit(): string | null {
  if (commit === undefined) commit = readCommit();
  return commit;
}

function readCommit(): string | null {
  const root = fileURLToPath(new URL('../../../package.json', import.meta.url));
  try {
    const { name } = JSON.parse(readFileSync(root, 'utf8')) as { name?: string };
    if (name !== 'induction-lab-workspace') return null;
  } catch {
    return null; // not a checkout
  }
  const git = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: dirname(root), encoding: 'utf8' });
  return /^[0-9a-f]{40,64}\s*$/.test(git.stdout ?? '') ? git.stdout.trim() : null;
}
