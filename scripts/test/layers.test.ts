// scripts/layers.mjs notices each kind of offence, and this repository has none.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../layers.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'layers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the script says of a tree of files, `path: source`. */
function offences(name: string, files: Readonly<Record<string, string>>): string[] {
  const root = join(folder, name);
  for (const [path, source] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), source);
  }
  const { status, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
  const lines = stderr.split('\n').filter((line) => line !== '');
  expect(status).toBe(lines.length > 0 ? 1 : 0);
  return lines;
}

const imports = (target: string): string => `import { x } from '${target}';\nexport const y = x;\n`;

test('this repository keeps its directions', () => {
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('imports along the directions are none of its business', () => {
  expect(
    offences('fine', {
      'packages/core/src/circuits/claims/audit.ts': imports('../../engine/ops.ts'),
      'packages/core/src/index.ts': imports('./circuits/claims/audit.ts'),
      'packages/core/src/nodeThreads.ts': imports('node:os'),
      'packages/cli/src/work/prove.ts': imports('@induction-lab/core/node'),
      'packages/cli/src/main.ts': imports('./commands/list.ts'),
      'apps/lab/src/bench/Probe.tsx': imports('../protocol.ts'),
      'apps/lab/src/worker/look.ts': imports('../protocol.ts'),
      'apps/lab/src/startWorkerOffline.ts': imports('./worker/labWorker.ts?worker&inline'),
    }),
  ).toEqual([]);
});

test.for([
  ['packages/core/src/engine/ops.ts', '../model/config.ts', 'against the direction errors <- random <- engine'],
  ['packages/core/src/circuits/data/probes.ts', '../claims/audit.ts', 'against the direction . <- statistics <- data'],
  ['packages/figures/src/marks/axes.ts', '../charts/lossChart.ts', 'against the direction frame <- scales <- marks'],
  ['packages/cli/src/runs/runFolder.ts', '../work/analysis.ts', 'against the direction . <- terminal <- aside'],
  ['packages/cli/src/errors.ts', './main.ts', 'against the direction . <- terminal <- aside'],
  [
    'apps/lab/src/worker/look.ts',
    '../bench/Probe.tsx',
    'against the direction notFetched.ts <- viewRecord.ts <- protocol.ts <- wallProtocol.ts <- copying.ts <- worker',
  ],
  ['apps/lab/src/bench/Probe.tsx', '../worker/look.ts', 'apps/lab/src/worker is closed'],
  ['packages/core/src/engine/ops.ts', 'node:fs', 'a browser loads this file'],
  ['apps/lab/src/link.ts', 'node:fs', 'a browser loads this file'],
  ['packages/figures/src/charts/lossChart.ts', '@induction-lab/core', 'this package may not depend on core'],
])('%s may not import %s', ([file, target, rule]) => {
  const name = `offence ${file} ${target}`.replace(/\W/g, '-');
  const found = offences(name, { [file as string]: imports(target as string) });
  expect(found.length).toBe(1);
  expect(found[0]).toContain(`${file} imports ${target}: ${rule}`);
});

test('dynamic imports count, and a folder that is no room is told', () => {
  expect(
    offences('dynamic', { 'packages/cli/src/files/a.ts': "export const a = () => import('../report/page.ts');\n" }),
  ).toHaveLength(1);
  expect(offences('room', { 'packages/core/src/misc/a.ts': 'export const a = 1;\n' })[0]).toMatch(
    /^packages\/core\/src\/misc\/a\.ts is in no room of packages\/core\/src: /,
  );
});
