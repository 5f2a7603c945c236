// Where PyTorch comes from: the interpreter asked for; else benchmarks/.cache/venv, installed when missing; else one of
// the system that has torch.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADAMW, initialStd, sizesOf } from './reference.mjs';

const here = dirname(fileURLToPath(import.meta.url));
export const cacheFolder = join(here, '.cache');

/** { command, env } that start PyTorch, or { missing: reason }. */
export function findPyTorch({ python, install, say }) {
  if (python) return importsTorch(python) ? { command: python, env: {} } : { missing: `${python} cannot import torch` };
  const installed = join(cacheFolder, 'pytorch.json');
  let reason = 'not installed';
  if (!existsSync(installed) && install) {
    say('Installing PyTorch into benchmarks/.cache/venv (once; about 600 MB to download) ...');
    const result = spawnSync('python3', [join(here, 'install_pytorch.py')], { encoding: 'utf8' });
    if (result.status !== 0)
      reason = (result.error?.message ?? result.stderr).trim().split('\n').at(-1) ?? 'installation failed';
  }
  if (existsSync(installed)) {
    const { python: command, env } = JSON.parse(readFileSync(installed, 'utf8'));
    return { command, env };
  }
  const ofSystem = ['python3', '/usr/bin/python3'].find(importsTorch);
  if (ofSystem) return { command: ofSystem, env: {} };
  return {
    missing: `${reason}; give --python PATH of an interpreter with torch (on Debian: apt-get install python3-torch as root)`,
  };
}

const importsTorch = (command) => spawnSync(command, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0;

/** How a child in PyTorch starts in a cell; `settings` are the child's own, of which `env` goes into its environment. */
export const pytorchLaunch =
  (torch, script) =>
  (cell, { env, ...settings } = {}) =>
    pytorchStart(
      torch,
      script,
      { ...sizesOf(cell), ...ADAMW, initialStd: initialStd(cell), ...cell, ...settings },
      env,
    );

/** How a child in PyTorch starts that is told `about`. */
export const pytorchStart = ({ command, env }, script, about, more = {}) => ({
  command,
  args: [join(here, 'steps', script), JSON.stringify(about)],
  env: {
    TORCHINDUCTOR_CACHE_DIR: join(cacheFolder, 'inductor'),
    TORCHINDUCTOR_COMPILE_THREADS: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    ...env,
    ...more,
  },
});
