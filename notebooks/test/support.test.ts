// What the notebook's cells import, apart from Jupyter.
import { lossChart, nodeDocument } from '@induction-lab/figures/node';
import { expect, test } from 'vitest';
import { largestDifference } from '../support/analysis.ts';
import { figureShown, print, tableShown } from '../support/display.ts';
import { experiments, type Knobs, readKnobs } from '../support/knobs.ts';
import { nats, signed, withInterval } from '../support/numbers.ts';
import { TrainingLog } from '../support/training.ts';

const KNOBS: Knobs = {
  dVocab: 64,
  period: 25,
  nLayers: 2,
  nHeads: 4,
  dModel: 64,
  positions: 'standard',
  normalization: 'LN',
  steps: 3000,
  batch: 64,
  learningRate: 0.003,
  weightDecay: 0.01,
  initStd: 0.1,
  controlSteps: 1000,
  periods: [10, 25],
  variedSteps: 1000,
  variedLearningRate: 0.005,
  pictureSteps: 600,
  competition: 3,
  competitionSteps: 350,
};

test('the knobs make the five experiments, with the rest from the presets', () => {
  const { literal, oneLayer, varied, picture, hub } = experiments({ ...KNOBS, nHeads: 8, periods: [11, 23] });
  expect(literal.model).toMatchObject({
    nLayers: 2,
    nHeads: 8,
    dHead: 8,
    nCtx: 50,
    positions: 'standard',
    biases: false,
  });
  expect(literal.task).toMatchObject({ kind: 'repeated', period: 25 });
  expect(literal.training).toMatchObject({
    steps: 3000,
    batch: 64,
    learningRate: 0.003,
    warmupSteps: 0,
    lossOn: 'all',
  });
  expect(oneLayer).toEqual({
    ...literal,
    name: 'one layer',
    model: { ...literal.model, nLayers: 1 },
    training: { ...literal.training, steps: 1000 },
  });
  expect(varied.model).toMatchObject({ nHeads: 8, dHead: 8, positions: 'shortformer' });
  expect(varied.task).toMatchObject({ kind: 'varied', periods: [11, 23], distinct: false });
  expect(varied.training).toMatchObject({ steps: 1000, learningRate: 0.005, warmupSteps: 50, competition: 0 });
  for (const { model, task, training } of [picture, hub]) {
    expect(model).toMatchObject({ nHeads: 8, nCtx: 51, dVocab: 65, bos: 64, positions: 'rotary' });
    expect(task).toMatchObject({ kind: 'varied', periods: [11, 23], distinct: true, bos: true });
    expect(training).toMatchObject({ steps: 600, lossOn: 'all', schedule: 'cosine' });
  }
  expect(picture.training).toMatchObject({ competition: 3, competitionSteps: [1, 350] });
  expect(hub.training.competition).toBe(0);
});

test.for([
  [
    { nHeads: 5 },
    'nHeads (5) must divide dModel (64), since every head is dModel / nHeads wide; try nHeads 4, or dModel 65.',
  ],
  [{ nHeads: 0 }, 'nHeads must be a whole number of at least 1, got 0.'],
  [{ dModel: 6.5 }, 'dModel must be a whole number of at least 1, got 6.5.'],
  [{ batch: 0 }, 'batch must be at least 1, got 0. Change it in the cell of knobs.'],
  [{ period: 6, periods: [3, 6] }, 'period must be a whole number of at least 7 for the audit, got 6.'],
  [{ steps: 0 }, 'steps must be at least 1, got 0. Change it in the cell of knobs.'],
  [{ controlSteps: 0.5 }, /^controlSteps .*0\.5/],
  [{ pictureSteps: 50 }, 'pictureSteps must be above 50, the steps over which the learning rate rises first, got 50.'],
  [{ periods: 25 }, 'periods must be [shortest, longest], such as [10, 25], got 25.'],
  [{ learningRate: -1 }, 'learningRate must be above 0, got -1. Change it in the cell of knobs.'],
  [{ variedLearningRate: 0 }, 'variedLearningRate must be above 0, got 0. Change it in the cell of knobs.'],
  [{ periods: [25, 10] }, /^periods runs from 25 down to 10; put the smaller period first\./],
  [
    { period: 12 },
    /^periods goes up to 25, which needs a context of 27 tokens; the context is 24, twice the period\. Lower/,
  ],
  [
    { dVocab: 20 },
    'dVocab must be at least 25, the longest of periods, since one run draws the tokens of a block all different; got 20.',
  ],
  [{ competition: 50 }, /^competition 50 at learning rate 0\.01 kills every head/],
  [{ positions: 'rotary' }, /^positions must be 'standard' or 'sinusoidal' or 'none', .* got 'rotary'\.$/],
  [{ normalization: 'Batch' }, /^normalization must be "LN"/],
  [{ nHead: 4 }, /^There is no knob "nHead"; the knobs are dVocab, period, nLayers,/],
] as const)('knobs that cannot be run: %o', ([change, sentence]) => {
  expect(() => experiments({ ...KNOBS, ...change } as Knobs)).toThrow(sentence);
});

test('a cell gets the same experiments, and the same refusal', async () => {
  expect(await readKnobs(KNOBS)).toEqual(experiments(KNOBS));
  await expect(readKnobs({ ...KNOBS, batch: 0 })).rejects.toThrow('batch must be at least 1, got 0.');
});

test('a missing knob is named', () => {
  const { batch: _, ...rest } = KNOBS;
  expect(() => experiments(rest as Knobs)).toThrow(
    'The knob "batch" is missing; write it back into the cell of knobs.',
  );
});

test('a table is Markdown with numbers to the right, and aligned text', () => {
  const { data } = tableShown([
    ['head', 'nats', 'what'],
    ['L0H0', '+6.76', 'a|b'],
    ['**L1H3**', '–', ''],
  ]);
  expect(data['text/markdown']).toBe(
    '| head | nats | what |\n| --- | ---: | --- |\n| L0H0 | +6.76 | a\\|b |\n| **L1H3** | – |  |',
  );
  expect(data['text/plain']).toBe('head   nats  what\nL0H0  +6.76  a|b\nL1H3      –');
  expect(() => tableShown([])).toThrow('table: there is no row');
});

test('a figure has its words as plain text and as the alternative of its picture', () => {
  const svg = lossChart(
    {
      title: 'A & B',
      points: [{ step: 1, segments: { repeat: 2 } }],
      segments: [{ name: 'repeat', title: 'repeat' }],
      lnVocab: 4,
      xScale: 'linear',
    },
    { theme: 'light', document: nodeDocument() },
  );
  const { data, metadata } = figureShown(svg);
  expect(data['text/plain']).toMatch(/^A & B\. Loss on the repeat/);
  expect(metadata.alt).toBe(data['text/plain']);
  expect(data['image/svg+xml']).toBe(svg);
  expect(Buffer.from(data['image/png']!, 'base64').subarray(1, 4).toString()).toBe('PNG');
});

test('outside Jupyter, showing something says why it cannot', () => {
  expect(() => print('x')).toThrow('runs in a Jupyter notebook with the Deno kernel only');
});

test('numbers: small losses keep four decimals, differences their sign, and nothing is minus zero', () => {
  expect([nats(4.1589), nats(0.0149), nats(0.0003), nats(null)]).toEqual(['4.16', '0.0149', '0.0003', '–']);
  expect([signed(1.234), signed(-0.126), signed(-0.001)]).toEqual(['+1.23', '-0.13', '0.00']);
  expect(withInterval({ value: 0.1, interval: [-0.2, 0.004] })).toBe('+0.10 [-0.20, 0.00]');
});

test('the log of a run: chosen steps, the mean of the last 20, the step that first solves the repeat', () => {
  const { literal } = experiments({ ...KNOBS, steps: 120 });
  const log = new TrainingLog(literal);
  expect(log.text()).toContain('step 0 of 120');
  for (let step = 1; step <= 120; step++)
    log.add({ step, segments: { first: 4, boundary: null, repeat: 120 - step } } as unknown as Parameters<
      TrainingLog['add']
    >[0]);
  expect(log.final()).toEqual({ first: 4, boundary: null, repeat: 9.5 });
  expect(log.solvedAt()).toBe(120);
  const text = log.text({ threads: 1 });
  expect(text).toMatch(/█{20} {2}step 120 of 120\n\d+\.\d s, \d+ steps a second, 1 thread\n/);
  expect(
    text
      .split('\n')
      .slice(4)
      .map((line) => Number(line.trim().split(' ')[0])),
  ).toEqual([1, 50, 100, 120]);
});

test('the largest difference needs lists of one length', () => {
  expect(largestDifference([1, 5, 2], [1, 2, 3])).toBe(3);
  expect(() => largestDifference([1], [1, 2])).toThrow('1 numbers against 2');
});
