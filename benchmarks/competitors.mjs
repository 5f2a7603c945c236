// Who is measured: for each, how a child is started for a cell, or why it is missing. What is not installed is installed
// here, into benchmarks/node_modules and benchmarks/.cache, unless that is not wanted.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findBrowser } from '../scripts/browser.mjs';
import { findPyTorch, pytorchLaunch } from './pytorch.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..');

/** Names as `--rivals` takes them, in the order of the report. */
export const RIVALS = ['simd', 'pytorch', 'eager', 'jaxjs', 'jaxjsWorkers', 'tfjs'];

/** Who is measured: `ours`, with which all are compared, our step of another commit, and the rivals. */
export const LABELS = {
  ours: 'induction-lab',
  against: 'induction-lab, other commit',
  simd: 'induction-lab, plain SIMD',
  pytorch: 'PyTorch, tuned',
  eager: 'PyTorch, eager',
  jaxjs: 'jax-js',
  jaxjsWorkers: 'jax-js, parallel workers',
  tfjs: 'TensorFlow.js',
};

/** All threads of this machine. */
export const allThreads = availableParallelism();

/**
 * Competitors by name: { launch(cell, settings), takes(cell) } or { missing: reason }. `settings` are those of tuning.mjs;
 * `takes` says whether it can run with a cell's threads, where that is not always so. `other` is the checkout of another
 * commit { checkout, commit }, for `against`.
 */
export function prepareCompetitors(names, { python, install, say, other }) {
  const needs = (...wanted) => names.some((name) => wanted.includes(name));
  const packages = needs('jaxjs', 'jaxjsWorkers', 'tfjs') ? installPackages(install, say) : null;
  const torch = needs('pytorch', 'eager') ? findPyTorch({ python, install, say }) : null;
  const javascript = (found) => (packages ? { missing: packages } : found);
  const oneThread = ({ threads }) => threads === 1;
  const prepare = {
    ours: () => ({ launch: ourLaunch('relaxed', { checkout: root, version: 'this checkout' }) }),
    against: () => ({ launch: ourLaunch('relaxed', { checkout: other.checkout, version: `commit ${other.commit}` }) }),
    simd: () => ({ launch: ourLaunch('simd', { checkout: root, version: 'this checkout' }) }),
    pytorch: () => (torch.missing ? torch : { launch: pytorchLaunch(torch, 'pytorch_tuned.py') }),
    eager: () => (torch.missing ? torch : { launch: eagerLaunch(torch) }),
    jaxjs: () => javascript({ takes: oneThread, launch: (cell) => node('jaxjs.mjs', { ...cell, version: jaxJs() }) }),
    jaxjsWorkers: () => javascript(inBrowser()),
    tfjs: () => javascript({ takes: oneThread, launch: (cell) => node('tfjs.mjs', cell) }),
  };
  return new Map(names.map((name) => [name, prepare[name]()]));
}

const node = (script, cell) => ({
  command: process.execPath,
  args: [join(here, 'steps', script), JSON.stringify(cell)],
});

const ourLaunch = (build, library) => (cell) => node('ours.mjs', { ...cell, ...library, build });

/** With all threads, PyTorch is left to choose its number, as it is for a user who says nothing. */
const eagerLaunch = (torch) => (cell) =>
  pytorchLaunch(torch, 'pytorch_eager.py')({ ...cell, threads: cell.threads === allThreads ? null : cell.threads });

const inBrowser = () =>
  findBrowser() === null
    ? { missing: 'there is no Chrome or Chromium; install one, or set CHROME_PATH to its path' }
    : {
        takes: ({ threads }) => threads > 1,
        launch: (cell) => node('jaxjsWorkers.mjs', { ...cell, version: jaxJs() }),
      };

/** jax-js with the version that is installed. */
const jaxJs = () =>
  `jax-js ${JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).devDependencies['@jax-js/jax']}`;

/** Installs jax-js and tfjs from the lock file when it is newer than what is installed. Returns why it could not, or null. */
function installPackages(install, say) {
  const time = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);
  if (time(join(here, 'node_modules/.package-lock.json')) >= time(join(here, 'package-lock.json'))) return null;
  if (!install) return 'not installed; leave out --no-install, or run "npm ci" in benchmarks';
  say('Installing jax-js and tfjs into benchmarks/node_modules (once) ...');
  return installFromLock(here);
}

/** `npm ci` in a folder. Returns why it failed, or null. */
export function installFromLock(folder) {
  const script = process.env.npm_execpath;
  const [command, args] = script?.endsWith('.js') ? [process.execPath, [script, 'ci']] : ['npm', ['ci']];
  const result = spawnSync(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (result.status === 0) return null;
  return `"npm ci" in ${folder} failed: ${(result.error?.message ?? result.stderr).trim().split('\n').at(-1)}`;
}
