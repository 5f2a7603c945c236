// The page says what holds, whatever is done to it: some actions at random, always the same; says.random.full.test.ts does hundreds.
import { expect, test, vi } from 'vitest';
import { allHolds } from './randomActions.ts';

vi.mock('../src/bench/lossPlot.ts', () => import('./noPlot.ts'));

test('every sentence about a model holds for the fingerprint beside it, after random actions', async () => {
  expect(await allHolds({ seed: 4, sequences: 1, actions: 10 })).toBeGreaterThan(2);
});
