// The page says what holds, whatever is done to it: hundreds of actions at random, and after each a second reading of the model.
// SEED=… does others.
import { expect, test, vi } from 'vitest';
import { allHolds } from './randomActions.ts';

vi.mock('../src/bench/lossPlot.ts', () => import('./noPlot.ts'));

const seed = Number(process.env.SEED ?? 1);

test(`every sentence about a model holds for the fingerprint beside it, after random actions (seed ${seed})`, async () => {
  const sequences = Number(process.env.SEQUENCES ?? 10);
  expect(await allHolds({ seed, sequences, actions: 30 })).toBeGreaterThan(sequences * 8);
}, 900_000);
