// Data diversity decides: both sweeps with four seeds, their table in docs/results.md and their charts in docs/images.
import { writeFileSync } from 'node:fs';
import { loadEngine } from '@induction-lab/core/node';
import { afterAll, expect, test } from 'vitest';
import { writeResults } from '../../core/test/support/results.ts';
import { DIVERSITY_SETTINGS, type DiversityRun, diversityFigures, diversityRun } from '../src/work/diversity.ts';
import { diversityRows } from '../src/work/diversityCommand.ts';

const SEEDS = 4;
const STEPS = 600;
const engine = await loadEngine();
const runs: DiversityRun[] = [];

test.for(DIVERSITY_SETTINGS)('$sweep $label', async (setting) => {
  for (let seed = 1; seed <= SEEDS; seed++)
    runs.push((await diversityRun(engine, setting, { seed, steps: STEPS, threads: 2 }))!);
});

test('no diversity gives the shortcut, full diversity the circuit, in every run', () => {
  const verdicts = (setting: string): string[] => runs.filter((r) => r.setting === setting).map((r) => r.verdict);
  expect(verdicts('25 only')).toEqual(Array(SEEDS).fill('positional shortcut'));
  expect(verdicts('10–25')).toEqual(Array(SEEDS).fill('induction'));
  expect(verdicts('100 %')).toEqual(Array(SEEDS).fill('induction'));
});

afterAll(() => {
  if (runs.length < DIVERSITY_SETTINGS.length * SEEDS) return;
  const rows = diversityRows(runs).map(
    (r) =>
      `| ${r.sweep === 'width' ? `periods ${r.setting}` : `${r.setting} varied, the rest 25`} | ${r.loss} | ${r.excess} | ${r.verdicts} |`,
  );
  writeResults('diversity', [
    `${STEPS} steps at lr 1e-2, ${SEEDS} seeds (1 to ${SEEDS}), ${engine.backend} kernels, Node ${process.versions.node}.`,
    '',
    '| data | loss at other periods | largest excess of a head | verdicts |',
    '|---|---|---|---|',
    ...rows,
  ]);
  for (const [name, draw] of Object.entries(diversityFigures(runs, Math.log(64))))
    for (const theme of ['light', 'dark'] as const)
      writeFileSync(
        new URL(`../../../docs/images/${name}${theme === 'dark' ? '-dark' : ''}.svg`, import.meta.url),
        draw(theme),
      );
});
