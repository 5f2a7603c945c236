// Another commit of this repository, checked out and built beside, so that its step is raced in the same run.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installFromLock } from './competitors.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));

const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });
const lastLine = ({ error, stderr, stdout }) => (error?.message ?? (stderr || stdout)).trim().split('\n').at(-1);

/** The commit that a revision names, in full. Throws an Error, one sentence, where git knows none. */
export function commitOf(revision) {
  const found = git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`);
  if (found.status === 0) return found.stdout.trim();
  const why = found.error ? `git cannot be run (${found.error.message})` : `git knows no commit "${revision}" here`;
  throw new Error(`--against: ${why}; name a commit, tag or branch of this repository.`);
}

/**
 * Checks a commit out into a temporary folder, installs its packages and builds its library: { checkout, commit, remove },
 * with the commit's short name. Throws an Error when that fails; then, and after `remove`, nothing of it is left.
 */
export function checkOut(commit, say) {
  const folder = mkdtempSync(join(tmpdir(), 'induction-lab-against-'));
  const remove = () => {
    process.off('exit', remove);
    git('worktree', 'remove', '--force', folder);
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', remove);
  try {
    say(`Checking out and building ${commit.slice(0, 7)} in ${folder} (about a minute) ...`);
    const added = git('worktree', 'add', '--detach', '--force', folder, commit);
    if (added.status !== 0) throw new Error(`git worktree failed: ${lastLine(added)}`);
    build(folder);
    return { checkout: folder, commit: commit.slice(0, 7), remove };
  } catch (error) {
    remove();
    throw new Error(`--against: ${commit.slice(0, 7)} cannot be built: ${error.message}`);
  }
}

/** Kernels and library, as every commit with packages/core builds them; the other packages are not needed. */
function build(folder) {
  const core = join(folder, 'packages/core');
  if (!existsSync(join(core, 'scripts/buildKernels.mjs')))
    throw new Error('it has no packages/core as it is known here');
  const failed = installFromLock(folder);
  if (failed) throw new Error(failed);
  for (const args of [
    [join(core, 'scripts/buildKernels.mjs')],
    [join(folder, 'node_modules/typescript/bin/tsc'), '-b', core],
  ]) {
    const built = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    if (built.status !== 0) throw new Error(lastLine(built));
  }
}
