// Packs what would be published and holds it against what npm, bundlers and TypeScript expect: publint, and "are the types
// wrong". Prints what each of them finds; exit code 1 if there is anything.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'induction-lab-check-'));
let failed = 0;

function run(command, ...args) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) failed++;
}

try {
  const workspaces = ['packages/core', 'packages/figures', 'packages/cli', 'apps/lab'].flatMap((path) => ['-w', path]);
  run('npm', 'pack', '--silent', '--pack-destination', folder, ...workspaces);
  const tarballs = readdirSync(folder).map((file) => join(folder, file));
  if (tarballs.length !== 4) failed++;
  for (const tarball of tarballs) {
    run('npx', 'publint', '--strict', tarball);
    // The command and the lab have nothing to import; everything else is ESM, which is what Node 20.19 can require, too.
    if (/-(core|figures)-\d/.test(tarball))
      run('npx', 'attw', '--profile', 'esm-only', '--format', 'table-flipped', tarball);
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = failed > 0 ? 1 : 0;
