// `run --quick` as a newcomer runs it.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { succeed } from './support/command.ts';
import { readJson, stepsOf, temporaryFolder } from './support/folders.ts';

test('run --quick finds the shortcut where the period is fixed', async () => {
  const out = join(temporaryFolder(), 'quick');
  const { stdout } = await succeed('run', '--quick', '--seed', '1', '--out', out);
  for (const [name, steps] of Object.entries({
    literal: 500,
    'literal-1-layer': 500,
    varied: 800,
    picture: 600,
    hub: 600,
  })) {
    const { verdict } = readJson(out, name, 'analysis.json');
    if (name.startsWith('literal')) expect(verdict).toBe('positional shortcut');
    expect(stdout).toMatch(new RegExp(`^${name} .*${verdict}$`, 'm'));
    expect(stepsOf(join(out, name))).toHaveLength(steps);
  }
}, 300_000);
