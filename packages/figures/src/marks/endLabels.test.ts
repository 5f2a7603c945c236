import { expect, test } from 'vitest';
import { spreadPositions } from './endLabels.ts';

test('labels that lie apart stay where they are', () => {
  expect(spreadPositions([90, 10, 50], 15, [0, 100])).toEqual([90, 10, 50]);
});

test('labels that touch move apart about their middle and keep their order', () => {
  expect(spreadPositions([50, 52], 10, [0, 100])).toEqual([46, 56]);
  expect(spreadPositions([52, 50, 51], 10, [0, 100])).toEqual([61, 41, 51]);
});

test('labels at the edge stay inside and do not overlap', () => {
  expect(spreadPositions([99, 100, 88], 10, [0, 100])).toEqual([90, 100, 80]);
  expect(spreadPositions([0, 0, 12], 10, [0, 100])).toEqual([0, 10, 20]);
});
