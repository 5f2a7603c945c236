// Makes a checkout ready to run: installs packages when they are missing or older than the lock file, then builds what
// is older than its sources. Uses Node alone, so that it runs on a fresh clone. Flags: --quiet, --build (always build),
// --lab (the web lab too), --browser (a browser for its tests too), --redis, --slurm (engines for the tests of sweeps),
// --jupyter (also what runs the notebook without a window: installed on Debian as root, asked for elsewhere).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const quiet = process.argv.includes('--quiet');
const say = (text) => quiet || console.error(text);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `induction-lab needs Node 20.19 or newer; this is ${process.version}. Install a current Node from nodejs.org.`,
  );
  process.exit(1);
}

/** Modification time in milliseconds; 0 for what does not exist. */
const time = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'generated' || entry.name.endsWith('.test.ts')) continue;
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : time(path));
  }
  return latest;
}

function run(what, command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: quiet ? ['ignore', 'ignore', 'inherit'] : ['ignore', 2, 2],
  });
  if (result.status !== 0) {
    console.error(
      `setup: ${what} failed${result.error ? ` (${result.error.message})` : ''}; the messages above say why.`,
    );
    process.exit(1);
  }
}

const node = (what, script, ...args) => run(what, process.execPath, [join(root, script), ...args]);

/** npm's own script, so that no shell is needed (npm is a .cmd file on Windows); npm sets npm_execpath when it runs us. */
function npm(...args) {
  const beside = join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js');
  const script = process.env.npm_execpath ?? (existsSync(beside) ? beside : undefined);
  if (script?.endsWith('.js')) run('npm ci', process.execPath, [script, ...args]);
  else run('npm ci', 'npm', args);
}

if (time(join(root, 'node_modules/.package-lock.json')) < time(join(root, 'package-lock.json'))) {
  say('Installing packages (once) ...');
  // What npm pack was asked for (it runs us, as prepack) is not meant for this.
  npm('ci', '--no-audit', '--no-fund', '--dry-run=false', '--json=false');
}

const kernels = join(root, 'packages/core/dist/kernels/relaxed.wasm');
const stamp = join(root, 'packages/cli/dist/main.js');
const always = process.argv.includes('--build');
if (
  always ||
  time(kernels) < Math.max(newest(join(root, 'packages/core/assembly')), newest(join(root, 'packages/core/scripts')))
) {
  say('Building the kernels ...');
  node('building the kernels', 'packages/core/scripts/buildKernels.mjs');
}
if (always || !existsSync(join(root, 'packages/figures/dist/fonts/DejaVuSans-Bold.ttf')))
  node('copying the fonts', 'packages/figures/scripts/copyFonts.mjs');
const sources = ['core', 'figures', 'cli'].map((name) => newest(join(root, 'packages', name, 'src')));
const built = join(root, 'node_modules/.induction-lab-built');
if (always || !existsSync(stamp) || time(built) < Math.max(...sources, time(join(root, 'tsconfig.base.json')))) {
  say('Building the packages ...');
  node('building the packages', 'node_modules/typescript/bin/tsc', '-b');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(built, '');
}

if (process.argv.includes('--lab')) {
  const lab = join(root, 'apps/lab');
  const parts = ['src', 'build', 'public'].map((part) => newest(join(lab, part)));
  const single = ['index.html', 'teacher.html', 'vite.config.ts', '../../docs/lesson.md'].map((f) =>
    time(join(lab, f)),
  );
  const figures = join(root, 'docs/images/lesson');
  const zip = join(lab, 'dist/site/induction-lab-offline.zip'); // written last
  if (always || time(zip) < Math.max(time(built), newest(figures), ...parts, ...single)) {
    say('Building the web lab ...');
    node('building the web lab', 'apps/lab/build/buildSite.mjs');
  }
}
if (process.argv.includes('--redis')) node('finding a Redis server', 'scripts/engines.mjs', 'redis-server');
if (process.argv.includes('--slurm')) node('finding SLURM', 'scripts/engines.mjs', 'slurm-wlm', 'munge');
if (process.argv.includes('--browser')) node('finding a browser', 'scripts/browser.mjs', '--install');

if (process.argv.includes('--jupyter')) {
  const { setUpClient } = await import('./jupyter.mjs');
  try {
    setUpClient(say);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
