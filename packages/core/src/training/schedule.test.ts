import { expect, test } from 'vitest';
import { smallExperiment } from '../../test/support/smallExperiment.ts';
import { checkpointSteps, learningRateAt } from './schedule.ts';

const options = (training: object): Parameters<typeof learningRateAt>[1] =>
  smallExperiment({ training: { steps: 110, learningRate: 0.02, warmupSteps: 10, ...training } }).training;

test('the learning rate rises linearly over the warm-up, then stays', () => {
  expect(learningRateAt(1, options({}))).toBeCloseTo(0.002, 12);
  expect(learningRateAt(10, options({}))).toBe(0.02);
  expect(learningRateAt(110, options({}))).toBe(0.02);
});

test('a linear and a cosine schedule start at the full rate, pass half of it half-way and end at 0', () => {
  for (const schedule of ['linear', 'cosine']) {
    const o = options({ schedule });
    expect(learningRateAt(10, o)).toBeCloseTo(0.02, 12);
    expect(learningRateAt(60, o)).toBeCloseTo(0.01, 12);
    expect(learningRateAt(110, o)).toBeCloseTo(0, 12);
  }
});

test('a schedule stretches with the number of steps', () => {
  const [short, long] = [options({ schedule: 'cosine' }), options({ schedule: 'cosine', steps: 210 })];
  expect(learningRateAt(110, long)).toBeCloseTo(learningRateAt(60, short), 12);
});

test('checkpoints are log-spaced at first, never more than 250 steps apart, and include the last step', () => {
  const steps = checkpointSteps(3000);
  expect(steps.slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 10]);
  expect(steps.at(-1)).toBe(3000);
  for (let i = 1; i < steps.length; i++) {
    expect(steps[i]!).toBeGreaterThan(steps[i - 1]!);
    expect(steps[i]! - steps[i - 1]!).toBeLessThanOrEqual(250);
  }
  expect(checkpointSteps(1)).toEqual([0, 1]);
});
