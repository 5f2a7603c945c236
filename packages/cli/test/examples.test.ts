// Every program in examples/ runs and prints what its first comment promises.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../../../examples/', import.meta.url));

const PROMISES: Record<string, RegExp> = {
  'knownCircuit.mjs':
    /^L0H0 → L1H0 k: \+[23]\.\d\d nats\nL0H0 at position 8 undoes 1\.00\nL1H0 at position 21 undoes 1\.00\nAn induction circuit: L1H0 matches keys that L0H0 built/,
  'setsOfHeads.mjs': /without L1H0: \+0\.00 nats; without L1H1: \+0\.00; without both: \+4\.\d\d/,
  'holdAHead.mjs': /^induction L0H(\d) \(previous-token head\).*\ninduction (?!L0H\1)L0H\d \(previous-token head\)/,
};

test('each example has a promise here', () => {
  expect(
    readdirSync(folder)
      .filter((name) => name.endsWith('.mjs'))
      .sort(),
  ).toEqual(Object.keys(PROMISES).sort());
});

test.for(Object.entries(PROMISES))('%s', { timeout: 300_000 }, ([name, promise]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [folder + name], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(promise);
});
