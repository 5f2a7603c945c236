// Every preset's weights after a hundred steps, trained in every way: 1, 2 and 3 threads, and stopped and resumed.
import { expect, test } from 'vitest';
import { knownWeights, PRESETS, trainedWeights, WAYS } from '../../../packages/core/test/unchanged/presets.ts';

const cases = PRESETS.flatMap((preset) => WAYS.map((way) => ({ preset, way })));

test.for(cases)('$preset, $way: the weights after 100 steps are known', async ({ preset, way }) => {
  expect(await trainedWeights(preset, way)).toEqual(knownWeights()[preset]);
});
