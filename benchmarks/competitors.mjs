// Who is measured: for each, how a child is started for a cell { batch, layerNorm, threads }, or why it is missing.
// What is not installed is installed here, into benchmarks/node_modules and benchmarks/.cache, unless that is not wanted.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const cacheFolder = join(here, '.cache');

/** Names as `--only` takes them, in the order of the report. The first is what the others are compared with. */
export const COMPETITORS = ['ours', 'simd', 'pytorch', 'jaxjs', 'tfjs'];

export const LABELS = {
  ours: 'induction-lab',
  simd: 'induction-lab, plain SIMD',
  pytorch: 'PyTorch',
  jaxjs: 'jax-js',
  tfjs: 'TensorFlow.js',
};

/** All threads of this machine. */
export const allThreads = availableParallelism();

/**
 * Competitors by name: { launch(cell, settings), oneThread } or { missing: reason }. `settings` are those of tuning.mjs.
 * jax-js and tfjs compute on one thread under Node.
 */
export function prepareCompetitors(names, { python, install, say }) {
  const js = names.some((name) => name === 'jaxjs' || name === 'tfjs') ? installPackages(install, say) : null;
  const prepare = {
    ours: () => ({ launch: (cell) => node('ours.mjs', { ...cell, build: 'relaxed' }) }),
    simd: () => ({ launch: (cell) => node('ours.mjs', { ...cell, build: 'simd' }) }),
    pytorch: () => preparePyTorch({ python, install, say }),
    jaxjs: () => (js ? { missing: js } : { oneThread: true, launch: (cell) => node('jaxjs.mjs', cell) }),
    tfjs: () => (js ? { missing: js } : { oneThread: true, launch: (cell) => node('tfjs.mjs', cell) }),
  };
  return new Map(names.map((name) => [name, prepare[name]()]));
}

const node = (script, cell) => ({ command: process.execPath, args: [join(here, script), JSON.stringify(cell)] });

/** Installs jax-js and tfjs from the lock file when it is newer than what is installed. Returns why it could not, or null. */
function installPackages(install, say) {
  const time = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);
  if (time(join(here, 'node_modules/.package-lock.json')) >= time(join(here, 'package-lock.json'))) return null;
  if (!install) return 'not installed; leave out --no-install, or run "npm ci" in benchmarks';
  say('Installing jax-js and tfjs into benchmarks/node_modules (once) ...');
  const script = process.env.npm_execpath;
  const [command, args] = script?.endsWith('.js') ? [process.execPath, [script, 'ci']] : ['npm', ['ci']];
  const result = spawnSync(command, args, { cwd: here, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (result.status === 0) return null;
  return `"npm ci" in benchmarks failed: ${(result.error?.message ?? result.stderr).trim().split('\n').at(-1)}`;
}

/** The interpreter asked for; else benchmarks/.cache/venv, installed when missing; else one of the system that has torch. */
function preparePyTorch({ python, install, say }) {
  const withPython = (command, env) => ({
    launch: (cell, { env: tuned, ...settings } = {}) => ({
      command,
      args: [join(here, 'pytorch_step.py'), JSON.stringify({ ...cell, ...settings })],
      env: {
        TORCHINDUCTOR_CACHE_DIR: join(cacheFolder, 'inductor'),
        TORCHINDUCTOR_COMPILE_THREADS: '1',
        ...env,
        ...tuned,
      },
    }),
  });
  if (python) return importsTorch(python) ? withPython(python, {}) : { missing: `${python} cannot import torch` };
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
    return withPython(command, env);
  }
  const ofSystem = ['python3', '/usr/bin/python3'].find(importsTorch);
  if (ofSystem) return withPython(ofSystem, {});
  return {
    missing: `${reason}; give --python PATH of an interpreter with torch (on Debian: apt-get install python3-torch as root)`,
  };
}

const importsTorch = (command) => spawnSync(command, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0;
