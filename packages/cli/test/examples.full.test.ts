// The example that trains two models prints what its first comment promises.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('holdAHead: with a head held at zero another one becomes the previous-token head', () => {
  const program = fileURLToPath(new URL('../../../examples/holdAHead.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(
    /^induction L0H(\d) \(previous-token head\).*\ninduction (?!L0H\1)L0H\d \(previous-token head\)/,
  );
}, 300_000);
