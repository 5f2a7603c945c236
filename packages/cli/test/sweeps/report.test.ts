// What a report counts and where it writes it, on runs whose outcome is given.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pointsOf } from '../../src/sweeps/definition/points.ts';
import type { Grid } from '../../src/sweeps/definition/sweep.ts';
import { type FinishedRun, groupRuns } from '../../src/sweeps/results/groupRuns.ts';
import { checkFigures, pictureOf, readPage, writeSections } from '../../src/sweeps/results/markdownSection.ts';
import { outcomeOf } from '../../src/sweeps/results/outcomes.ts';
import { countsTable, totalsTable, wilsonInterval } from '../../src/sweeps/results/outcomeTables.ts';
import { sweepFigures } from '../../src/sweeps/results/sweepFigures.ts';
import { temporaryFolder } from '../support/folders.ts';

const folder = temporaryFolder();
const axis = (name: string, labels: readonly string[]): Grid['axes'][number] => ({
  name,
  settings: labels.map((label) => ({ label, set: { [name]: label } })),
});
const grid: Grid = {
  name: '',
  set: {},
  axes: [
    axis('task.periods', ['25 only', '10–25']),
    axis('training.learningRate', ['0.01', '0.02']),
    axis('model.positions', ['rotary', 'standard', 'shortformer']),
  ],
};
/** Two seeds of each setting but one; a pair hub where positions are rotary and periods are wide. */
const runs: FinishedRun[] = pointsOf({ grids: [grid] }).flatMap((point, i) =>
  (i === 0 ? [1] : [1, 2]).map((seed) => {
    const wide = point.labels['task.periods'] === '10–25';
    const outcome = !wide
      ? 'positional shortcut'
      : point.labels['model.positions'] === 'rotary'
        ? 'pair hub'
        : 'induction';
    return { point, seed, row: { outcome, verdict: outcome }, curve: null };
  }),
);
const grouped = groupRuns(grid, runs);

test('three axes: panels in rows and columns, counted by each axis and by all', () => {
  expect(grouped.rows).toEqual(['learningRate 0.01', 'learningRate 0.02']);
  expect(grouped.panels.map(({ column }) => column)).toEqual(
    Array(2).fill(['positions rotary', 'positions standard', 'positions shortformer']).flat(),
  );
  expect(countsTable(grouped)).toEqual({
    headings: ['', 'periods', 'positions rotary', 'positions standard', 'positions shortformer'],
    rows: [
      ['learningRate 0.01', '25 only', 'positional shortcut 1', 'positional shortcut 2', 'positional shortcut 2'],
      ['learningRate 0.01', '10–25', 'pair hub 2', 'induction 2', 'induction 2'],
      ['learningRate 0.02', '25 only', ...Array(3).fill('positional shortcut 2')],
      ['learningRate 0.02', '10–25', 'pair hub 2', 'induction 2', 'induction 2'],
    ],
  });
  const { headings, rows } = totalsTable(grouped)!;
  expect(headings).toEqual(['', 'runs', 'induction', 'pair hub', 'positional shortcut']);
  expect(rows.map(([name, count]) => [name, count])).toEqual([
    ['periods 25 only', '11'],
    ['periods 10–25', '12'],
    ['learningRate 0.01', '11'],
    ['learningRate 0.02', '12'],
    ['positions rotary', '7'],
    ['positions standard', '8'],
    ['positions shortformer', '8'],
    ['all', '23'],
  ]);
  expect(rows[4]).toEqual(['positions rotary', '7', '0: 0 % [0, 35]', '4: 57 % [25, 84]', '3: 43 % [16, 75]']);
  expect(sweepFigures(grouped, { lnVocab: 4, curve: 'loss' }).outcome!('light')).toContain(
    'What the runs became, by periods, learningRate and positions',
  );
});

test('one axis alone has no rows, and is told in one table', () => {
  const one = groupRuns({ ...grid, axes: grid.axes.slice(0, 1) }, runs);
  expect(one.rows).toBeNull();
  expect(countsTable(one)).toBeNull();
});

test('the interval of a share is Wilson’s', () => {
  const rounded = (count: number, of: number): number[] => wilsonInterval(count, of).map((x) => Number(x.toFixed(4)));
  expect(rounded(8, 10)).toEqual([0.4902, 0.9433]);
  expect(rounded(0, 8)).toEqual([0, 0.3244]);
  expect(rounded(8, 8)).toEqual([0.6756, 1]);
});

test('a page has tables and figures where it asks for them; words beside a figure stay', () => {
  const path = join(folder, 'page.md');
  writeFileSync(
    path,
    'a\n<!-- s:begin -->old<!-- s:end -->\n<!-- s.outcome:begin --><img alt="Mine" width="49%"><!-- s.outcome:end -->\n<!-- s2:begin --><!-- s2:end -->',
  );
  const page = readPage(path, 's');
  expect(page).toMatchObject({ tables: true, figures: ['outcome'] });
  expect(() => checkFigures(page, ['outcomes'])).toThrow(
    /asks for a figure "outcome", which this sweep does not have; the nearest is "outcomes"\.$/,
  );
  const before = '<img alt="Mine" width="49%">';
  const picture = pictureOf({ wide: { light: 'l.svg', dark: 'd.svg' }, narrow: null }, { title: 'Title', before });
  expect(picture).toContain('<img src="l.svg" width="49%" alt="Mine">');
  writeSections(
    page,
    new Map([
      ['s', 'new'],
      ['s.outcome', picture],
    ]),
  );
  expect(readFileSync(path, 'utf8')).toBe(
    `a\n<!-- s:begin -->\nnew\n<!-- s:end -->\n<!-- s.outcome:begin -->\n${picture}\n<!-- s.outcome:end -->\n<!-- s2:begin --><!-- s2:end -->`,
  );
});

test('a section that never ends is refused, and nothing is written', () => {
  const path = join(folder, 'open.md');
  writeFileSync(path, '<!-- s:begin -->\n');
  expect(() => readPage(path, 's')).toThrow(
    /begins <!-- s:begin --> and never ends it; write <!-- s:end --> behind it\.$/,
  );
  expect(existsSync(join(folder, 'images'))).toBe(false);
});

test('a run is what its circuit is, or the verdict on it; a circuit beside a shortcut that is needed, too, is mixed', () => {
  const became = (verdict: string, kind: string | null): string | null =>
    outcomeOf({ audit: { verdict }, proof: { kind } } as Parameters<typeof outcomeOf>[0]);
  expect(became('induction', 'induction')).toBe('induction');
  expect(became('induction', 'pair hub')).toBe('pair hub');
  expect(became('other circuit', 'other')).toBe('other circuit');
  expect(became('mixed', 'induction')).toBe('mixed');
  expect(became('mixed', 'pair hub')).toBe('mixed');
  expect(became('positional shortcut', null)).toBe('positional shortcut');
  expect(outcomeOf({} as Parameters<typeof outcomeOf>[0])).toBeNull();
});
