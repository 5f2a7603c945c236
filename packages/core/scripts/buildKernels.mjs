// Compiles assembly/ twice: relaxed SIMD (fused multiply-add) and plain SIMD for engines that lack it and for --exact.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tilesSource } from './generateTiles.mjs';

const core = join(dirname(fileURLToPath(import.meta.url)), '..');
const compiler = join(dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')), 'bin', 'asc.js');
const BUILDS = {
  simd: { features: ['simd', 'threads', 'bulk-memory'], maxRows: 5 },
  relaxed: { features: ['simd', 'threads', 'bulk-memory', 'relaxed-simd'], maxRows: 6 },
};
const OPTIONS =
  '-O3 --noAssert --runtime stub --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 --disableWarning 201';

mkdirSync(join(core, 'assembly/generated'), { recursive: true });
mkdirSync(join(core, 'dist/kernels'), { recursive: true });
for (const [name, { features, maxRows }] of Object.entries(BUILDS)) {
  writeFileSync(join(core, 'assembly/generated/tiles.ts'), tilesSource(maxRows));
  const output = `dist/kernels/${name}.wasm`;
  execFileSync(
    process.execPath,
    [
      compiler,
      'assembly/index.ts',
      ...OPTIONS.split(' '),
      '-o',
      `${output}.tmp`,
      ...features.flatMap((f) => ['--enable', f]),
    ],
    { cwd: core, stdio: 'inherit' },
  );
  renameSync(join(core, `${output}.tmp`), join(core, output));
}
