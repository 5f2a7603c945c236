// Packs what would be published, once for all tests of packages, and gives them where the files are.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const WORKSPACES = ['packages/core', 'packages/figures', 'packages/cli', 'apps/lab'];

declare module 'vitest' {
  interface ProvidedContext {
    /** Paths of the packed packages: core, figures, cli, lab. */
    readonly tarballs: readonly string[];
  }
}

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'induction-lab-packed-'));
  const packed = execFileSync(
    'npm',
    ['pack', '--json', '--pack-destination', folder, ...WORKSPACES.flatMap((path) => ['-w', path])],
    { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], shell: process.platform === 'win32' },
  );
  const told: { filename: string }[] = Object.values(JSON.parse(packed));
  project.provide(
    'tarballs',
    told.map(({ filename }) => join(folder, filename)),
  );
  return () => rmSync(folder, { recursive: true });
}
