// All fuzz tests on a million inputs, others every time: ten minutes on two cores. docs/results.md gets what was tried.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { writeResults } from '../../core/test/support/results.ts';
import { temporaryFolder } from './support/folders.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Inputs of a test of share 1; all tests together take ten times as many. */
const RUNS = 100_000;

test('a million inputs: no crash, no hang, nothing but sentences', async () => {
  const log = join(temporaryFolder(), 'fuzz.jsonl');
  const seed = randomInt(2 ** 31);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = ['run', '.fuzz.test', '--maxWorkers=2', '--testTimeout=3600000'];
  const child = spawn(process.execPath, [vitest, ...args], {
    cwd: root,
    env: { ...process.env, FUZZ_RUNS: String(RUNS), FUZZ_SEED: String(seed), FUZZ_LOG: log },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = await once(child, 'close');
  expect(code, `seed ${seed}`).toBe(0);
  const tried = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; inputs: number })
    .sort((a, b) => a.name.localeCompare(b.name));
  const total = tried.reduce((sum, { inputs }) => sum + inputs, 0);
  expect(total).toBeGreaterThanOrEqual(1e6);
  const count = (n: number): string => n.toLocaleString('en');
  writeResults('fuzz', [
    `${count(total)} inputs, seed ${seed}: 0 crashes, 0 hangs (an input that takes ten seconds), 0 refusals that are no sentence.`,
    '',
    '| inputs | tried |',
    '|---|---|',
    ...tried.map(({ name, inputs }) => `| ${name} | ${count(inputs)} |`),
  ]);
});
