// The lab as a package: a folder for any static host, with the licences of what is in it, and nothing to install beside it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { pack } from './packed.ts';

test('the site, its licences, and those in the teacher’s zip', { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'induction-lab-lab-'));
  try {
    const [tarball] = pack(folder, 'apps/lab');
    execFileSync('tar', ['-xzf', tarball!, '-C', folder]);
    const read = (path: string): Buffer => readFileSync(join(folder, 'package', path));
    expect(JSON.parse(read('package.json').toString()).dependencies).toBeUndefined();
    expect(read('LICENSE').toString()).toMatch(/^MIT License/);
    const zip = unzipSync(new Uint8Array(read('dist/site/induction-lab-offline.zip')));
    const inZip = new TextDecoder().decode(zip['induction-lab/licences.txt']);
    for (const licences of [read('dist/site/licences.txt').toString(), inZip])
      for (const part of ['induction-lab', 'preact', 'uplot', 'zod', 'ml-matrix', '@observablehq/plot', 'fast-png'])
        expect(licences).toMatch(new RegExp(`^${part} .*\\((MIT|ISC)\\)$`, 'm'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
