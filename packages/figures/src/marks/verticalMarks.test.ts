import { expect, test } from 'vitest';
import { placeMarks } from './verticalMarks.ts';

test('labels of near marks go into rows of their own, those of far ones share a row', () => {
  const { marks, height } = placeMarks(
    [
      { x: 400, label: 'far' },
      { x: 110, label: 'second' },
      { x: 100, label: 'first' },
    ],
    [50, 500],
  );
  expect(marks.map(({ label, row }) => `${label} ${row}`)).toEqual(['first 0', 'second 1', 'far 0']);
  expect(height).toBe(2 * 16 + 6);
});

test('labels stay inside the plot and marks outside it are left out', () => {
  const { marks } = placeMarks(
    [
      { x: 499, label: 'at the right edge' },
      { x: 600, label: 'outside' },
    ],
    [50, 500],
  );
  expect(marks.length).toBe(1);
  expect(marks[0]!.start).toBeLessThan(420);
});
