// Our side of "twenty everyday things" in docs/transformerlens.md runs as it stands there; against TransformerLens: npm run test:bridge.
import { expect, test } from 'vitest';
import { everydayModel } from '../bridge/cases.ts';
import { EVERYDAY, hereOf } from '../bridge/everyday.ts';

test('there are twenty', () => expect(EVERYDAY).toHaveLength(20));

test.for(EVERYDAY)('$what', (row) => {
  const numbers = hereOf(row, everydayModel());
  expect(numbers.length).toBeGreaterThan(0);
  expect(numbers.filter((x) => !Number.isFinite(x))).toEqual([]);
});
