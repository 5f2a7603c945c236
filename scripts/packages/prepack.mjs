// What `npm pack` and `npm publish` run in a package's folder before they look at its files: builds what is missing or older
// than its sources, and takes out of dist what no source makes any more.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = process.cwd();
const name = basename(folder);

/** Runs a script; its output goes to stderr, since npm's own may be JSON. */
function run(script, ...args) {
  const { status } = spawnSync(process.execPath, [join(root, script), ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    console.error(`prepack: ${script} failed; the messages above say why. Nothing was packed.`);
    process.exit(1);
  }
}

run('scripts/setup.mjs', ...(name === 'lab' ? ['--lab'] : []));
if (name === 'core') run('scripts/packages/buildStandalone.mjs');

/** What TypeScript makes of a source. */
const MADE = /(\.d\.ts|\.js)(\.map)?$/;
if (name !== 'lab')
  for (const entry of readdirSync(join(folder, 'dist'), { recursive: true })) {
    const file = String(entry);
    if (!MADE.test(file) || basename(file) === 'standalone.js') continue;
    if (!existsSync(join(folder, 'src', file.replace(MADE, '.ts')))) rmSync(join(folder, 'dist', file));
  }
