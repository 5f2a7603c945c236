// Every preset trained for a hundred steps with the plain-SIMD kernels, in one way each; weights.full.test.ts of the lab
// trains each in all of them, and play.browser.test.ts one in the page.
import { expect, test } from 'vitest';
import {
  FIXTURE,
  type KnownWeights,
  knownWeights,
  PRESETS,
  type Preset,
  trainedWeights,
  WAYS,
  type Way,
} from './presets.ts';
import { expectUnchanged, recording } from './support.ts';

const CASES: readonly { preset: Preset; way: Way }[] = [
  { preset: 'literal', way: '1 thread' },
  { preset: 'literal-1-layer', way: 'resumed' },
  { preset: 'varied', way: '2 threads' },
  { preset: 'two-heads', way: '3 threads' },
];

test.runIf(recording)('recorded: all ways give the same weights', async () => {
  const found: Partial<Record<Preset, KnownWeights>> = {};
  for (const preset of PRESETS) {
    const known = await trainedWeights(preset, WAYS[0]);
    for (const way of WAYS.slice(1)) expect(await trainedWeights(preset, way), `${preset}, ${way}`).toEqual(known);
    found[preset] = known;
  }
  expectUnchanged(FIXTURE, found);
});

test.skipIf(recording).for(CASES)('$preset, $way: the weights after 100 steps are known', async ({ preset, way }) => {
  expect(await trainedWeights(preset, way)).toEqual(knownWeights()[preset]);
});
