// Packs what would be published, once for all tests of packages, and gives them where the files are.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const root = fileURLToPath(new URL('../../', import.meta.url));

declare module 'vitest' {
  interface ProvidedContext {
    /** Paths of the packed packages: core, figures, cli. */
    readonly tarballs: readonly string[];
  }
}

/** Packs workspaces into a folder and answers the paths of what came of it. */
export function pack(folder: string, ...workspaces: readonly string[]): string[] {
  const printed = execFileSync(
    'npm',
    ['pack', '--json', '--pack-destination', folder, ...workspaces.flatMap((path) => ['-w', path])],
    { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], shell: process.platform === 'win32' },
  );
  const told: { filename: string }[] = Object.values(JSON.parse(printed));
  return told.map(({ filename }) => join(folder, filename));
}

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'induction-lab-packed-'));
  project.provide('tarballs', pack(folder, 'packages/core', 'packages/figures', 'packages/cli'));
  return () => rmSync(folder, { recursive: true });
}
