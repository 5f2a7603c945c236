// The sweeps whose tables stand in docs/results.md: run where they are not done yet (runs/sweep-NAME, as `sweep` does), held
// to what the lesson says of them, and reported into the page. SWEEPS names some of them, with commas.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { beginTarget } from '../../src/sweeps/folder/openSweep.ts';
import type { RunRow } from '../../src/sweeps/jobs/cells.ts';
import { runHere } from '../../src/sweeps/pool/runHere.ts';
import { finishedRuns } from '../../src/sweeps/results/finishedRuns.ts';
import { succeed } from '../support/inProcess.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));

/** The rows of a setting. */
type Rows = (...labels: string[]) => RunRow[];

const column = (rows: readonly RunRow[], name: string): unknown[] => rows.map((row) => row[name]);
const count = (rows: readonly RunRow[], name: string, value: unknown): number =>
  column(rows, name).filter((cell) => cell === value).length;

/** What must be true of each sweep. */
const HELD: Readonly<Record<string, (rows: Rows) => void>> = {
  presets: (rows) => {
    for (const preset of ['literal', 'literal-1-layer']) {
      expect(column(rows(preset), 'verdict')).toEqual(Array(8).fill('positional shortcut'));
      expect(column(rows(preset), 'circuit')).toEqual(Array(8).fill('none'));
    }
    for (const preset of ['varied', 'picture', 'two-heads']) {
      expect(column(rows(preset), 'verdict')).toEqual(Array(8).fill('induction'));
      expect(column(rows(preset), 'circuit')).toEqual(Array(8).fill('induction'));
    }
    for (const row of rows('varied')) {
      expect(row['causes.withoutPathK']).toBeGreaterThan(3);
      expect(row['causes.withoutPathV']).toBeLessThan(0.1);
    }
  },
  // All five properties in 15 of 16 seeds; a pair hub in at least half of those without competition.
  picture: (rows) => {
    expect(count(rows('picture'), 'picture.whole', true)).toBeGreaterThanOrEqual(15);
    expect(count(rows('picture'), 'verdict', 'induction')).toBeGreaterThanOrEqual(15);
    expect(count(rows('hub'), 'outcome', 'pair hub')).toBeGreaterThanOrEqual(8);
  },
  'picture-takes': (rows) => {
    for (const change of ['no start token', 'tokens drawn with replacement'])
      expect(count(rows(change), 'picture.whole', true)).toBeLessThan(2);
  },
  // One period in all of the training is solved by looking back a fixed distance, with an MLP as without.
  mlp: (rows) => {
    for (const row of rows()) {
      expect(row['loss.first']).toBeGreaterThan(3);
      if (Number(row['loss.repeat']) < 0.1) expect(row.verdict).toBe('positional shortcut');
    }
  },
  diversity: (rows) => {
    expect(column(rows('25 only'), 'verdict')).toEqual(Array(4).fill('positional shortcut'));
    expect(column(rows('10–25'), 'verdict')).toEqual(Array(4).fill('induction'));
    expect(column(rows('100 %'), 'verdict')).toEqual(Array(4).fill('induction'));
  },
};
const chosen = process.env.SWEEPS?.split(',') ?? Object.keys(HELD);

test.for(chosen)('%s', async (name) => {
  const open = await beginTarget(at(`sweeps/${name}.json`), { out: at(`runs/sweep-${name}`) });
  const ran = await runHere(open, open.entries, { quiet: true, signal: new AbortController().signal });
  expect(ran).toMatchObject({ done: ran.of, failed: 0 });
  const { runs } = finishedRuns(open);
  const rowsOf: Rows = (...labels) =>
    runs
      .filter(({ point }) => labels.every((label) => Object.values(point.labels).includes(label)))
      .map(({ row }) => row);
  HELD[name]!(rowsOf);
  await succeed('sweep', 'report', open.folder.path, '--markdown', at('docs/results.md'));
});
