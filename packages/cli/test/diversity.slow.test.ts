// Data diversity decides: the sweep of sweeps/diversity.json, its table in docs/results.md and its charts in docs/images.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { pointText } from '../src/sweeps/definition/points.ts';
import { beginTarget } from '../src/sweeps/folder/openSweep.ts';
import { runHere } from '../src/sweeps/pool/runHere.ts';
import { reportSweepCommand } from '../src/work/sweeps/reportSweep.ts';
import { temporaryFolder } from './support/folders.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = join(temporaryFolder(), 'diversity');

test('no diversity gives the shortcut, full diversity the circuit, in every run', async () => {
  const open = await beginTarget(join(root, 'sweeps/diversity.json'), { out: folder });
  const ran = await runHere(open, open.entries, { quiet: true, signal: new AbortController().signal });
  expect(ran).toMatchObject({ done: ran.of, failed: 0 });
  const verdicts = (setting: string): unknown[] =>
    open.entries
      .filter(({ point }) => pointText(open.points[point]!) === setting)
      .map(({ job }) => open.folder.readResult(job).measured.audit?.verdict);
  expect(verdicts('width, task.periods 25 only')).toEqual(Array(4).fill('positional shortcut'));
  expect(verdicts('width, task.periods 10–25')).toEqual(Array(4).fill('induction'));
  expect(verdicts('share, task.share 100 %')).toEqual(Array(4).fill('induction'));
  await reportSweepCommand(folder, { markdown: join(root, 'docs/results.md') });
  for (const grid of ['width', 'share'])
    for (const [column, name] of [
      ['otherPeriodLoss', ''],
      ['inductionExcess', '-excess'],
    ])
      for (const theme of ['', '-dark'])
        copyFileSync(
          join(folder, 'figures', `${grid}-${column}${theme}.svg`),
          join(root, 'docs/images', `diversity-${grid}${name}${theme}.svg`),
        );
});
