// What a sweep file means: its points, its jobs, and what is said of one that is wrong.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { pointsOf } from '../../src/sweeps/definition/points.ts';
import { readSweep, spellOut } from '../../src/sweeps/definition/readSweep.ts';
import { readJob } from '../../src/sweeps/jobs/job.ts';
import { jobOfEntry, planSweep } from '../../src/sweeps/jobs/plan.ts';
import { diversitySweep } from '../../src/work/diversity.ts';
import { experimentJson } from '../support/experiment.ts';
import { temporaryFolder, writeJson } from '../support/folders.ts';
import { writeSweep } from '../support/sweeps.ts';

const folder = temporaryFolder();
const settingsOf = async (axis: object): Promise<unknown[]> =>
  pointsOf(await readSweep(writeSweep(folder, { axes: [axis] }))).map(({ set }) => Object.values(set)[0]);
const refusal = (changes: object): Promise<string> =>
  readSweep(writeSweep(folder, changes)).then(
    (sweep) => {
      planSweep(sweep, 'mine.json');
      throw new Error('was not refused');
    },
    (error: Error) => error.message,
  );
const planRefusal = async (changes: object): Promise<string> => {
  const sweep = await readSweep(writeSweep(folder, changes));
  try {
    planSweep(sweep, 'mine.json');
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('was not refused');
};

test('a list, a range and a logarithmic range go through these settings', async () => {
  expect(await settingsOf({ field: 'training.batch', values: [8, 16] })).toEqual([8, 16]);
  expect(await settingsOf({ field: 'training.learningRate', range: { from: 0.01, to: 0.03, count: 3 } })).toEqual([
    0.01, 0.02, 0.03,
  ]);
  expect(
    await settingsOf({ field: 'training.learningRate', range: { from: 0.0001, to: 0.01, count: 3, scale: 'log' } }),
  ).toEqual([0.0001, 0.001, 0.01]);
  expect(await settingsOf({ field: 'training.batch', range: { from: 8, to: 15, count: 4, whole: true } })).toEqual([
    8, 10, 13, 15,
  ]);
});

test('draws lie in their range, are the same for the same seed and others for another', async () => {
  const draw = (seed: number) => ({
    draw: { count: 200, seed, fields: { 'training.learningRate': { from: 0.001, to: 0.1, scale: 'log' } } },
  });
  const values = (await settingsOf(draw(1))) as number[];
  expect(values.every((x) => x >= 0.001 && x <= 0.1)).toBe(true);
  // A logarithmic draw lies below the geometric middle in half of the cases: 100 of 200, ± 4 standard deviations of 7.
  expect(Math.abs(values.filter((x) => x < 0.01).length - 100)).toBeLessThan(28);
  expect(await settingsOf(draw(1))).toEqual(values);
  expect(await settingsOf(draw(2))).not.toEqual(values);
});

test('several fields are drawn together', async () => {
  const fields = {
    'training.learningRate': { from: 0.001, to: 0.1 },
    'model.positions': { values: ['shortformer', 'rotary'] },
  };
  const points = pointsOf(
    await readSweep(writeSweep(folder, { axes: [{ name: 'random', draw: { count: 30, fields } }] })),
  );
  expect(points).toHaveLength(30);
  expect(new Set(points.map(({ set }) => set['model.positions']))).toEqual(new Set(['shortformer', 'rotary']));
  expect(points[0]!.labels).toEqual({ random: 'draw 1' });
});

test('axes are combined, each setting with each, the last fastest', async () => {
  const sweep = await readSweep(
    writeSweep(folder, {
      axes: [
        {
          field: 'task.periods',
          values: [
            [5, 14],
            [14, 14],
          ],
        },
        {
          name: 'how',
          settings: [
            { label: 'slow', set: { 'training.learningRate': 0.001 } },
            { label: 'fast', set: { 'training.learningRate': 0.02, 'training.warmupSteps': 5 } },
          ],
        },
      ],
      seeds: [3, 7],
    }),
  );
  const { points, entries } = planSweep(sweep, 'mine.json');
  expect(points.map(({ labels }) => labels)).toEqual([
    { 'task.periods': '5–14', how: 'slow' },
    { 'task.periods': '5–14', how: 'fast' },
    { 'task.periods': '14 only', how: 'slow' },
    { 'task.periods': '14 only', how: 'fast' },
  ]);
  expect(entries.map(({ point, seed }) => [point, seed])).toEqual([
    [0, 3],
    [0, 7],
    [1, 3],
    [1, 7],
    [2, 3],
    [2, 7],
    [3, 3],
    [3, 7],
  ]);
  const { experiment, seed } = jobOfEntry(sweep, points, entries[5]!);
  expect(seed).toBe(7);
  expect(experiment).toMatchObject({ task: { periods: [14, 14] }, training: { learningRate: 0.001, warmupSteps: 2 } });
});

test('two grids that ask for the same run share its job', async () => {
  const axis = (values: number[]) => [{ field: 'training.learningRate', values }];
  const sweep = await readSweep(
    writeSweep(folder, {
      axes: undefined,
      seeds: 1,
      grids: [
        { name: 'a', axes: axis([0.01, 0.02]) },
        { name: 'b', axes: axis([0.02, 0.03]) },
      ],
    }),
  );
  const { entries } = planSweep(sweep, 'mine.json');
  expect(entries).toHaveLength(4);
  expect(entries[1]!.job).toBe(entries[2]!.job);
  expect(new Set(entries.map(({ job }) => job)).size).toBe(3);
});

test('the sweep of `diversity` and its file are the same', async () => {
  const file = fileURLToPath(new URL('../../../../sweeps/diversity.json', import.meta.url));
  expect(await spellOut(diversitySweep({ seeds: 4, steps: 600 }), { file })).toEqual(await readSweep(file));
});

test('a job’s id follows from what decides its result, and from nothing else', async () => {
  const idOf = async (changes: object): Promise<string> =>
    planSweep(await readSweep(writeSweep(folder, changes)), 'mine.json').entries[0]!.job;
  const id = await idOf({});
  expect(await idOf({ name: 'other', about: 'words', seeds: 5 })).toBe(id);
  expect(
    await idOf({
      experiment: { ...experimentJson({ training: { steps: 20, warmupSteps: 2, batch: 8 } }), about: 'words' },
    }),
  ).toBe(id);
  const others = [{ seeds: [2] }, { exact: false }, { measure: { audit: false } }, { set: { 'training.batch': 9 } }];
  const ids = await Promise.all(others.map(idOf));
  expect(new Set([id, ...ids]).size).toBe(5);
});

test('a job survives being sent as JSON, and one that was changed on its way is refused', async () => {
  const sweep = await readSweep(writeSweep(folder, { set: { 'model.positions': 'rotary' } }));
  const { points, entries } = planSweep(sweep, 'mine.json');
  const job = jobOfEntry(sweep, points, entries[3]!);
  expect(job.id).toBe(entries[3]!.job);
  const sent = JSON.parse(JSON.stringify(job)) as typeof job;
  expect(readJob(sent, 'queue')).toEqual(JSON.parse(JSON.stringify(job)));
  expect(() => readJob({ ...sent, seed: 9 }, 'queue')).toThrow(/id is not that of its contents/);
  expect(() => readJob({ ...sent, code: 'evil()' }, 'queue')).toThrow(/unknown field "code"/);
  expect(() => readJob({ ...sent, experiment: { ...sent.experiment, onStep: 'evil()' } }, 'queue')).toThrow(
    /unknown field "onStep"/,
  );
});

test('$schema is allowed in a sweep, in its experiment and in a config, and changes nothing', async () => {
  const config = writeJson(join(folder, 'config.json'), {
    $schema: './config.schema.json',
    ...experimentJson({ training: { steps: 20, warmupSteps: 2, batch: 8 } }),
  });
  const plain = planSweep(await readSweep(writeSweep(folder)), 'mine.json').entries;
  const { entries } = planSweep(
    await readSweep(writeSweep(folder, { $schema: 'x', experiment: undefined, config })),
    'mine.json',
  );
  expect(entries).toEqual(plain);
});

test.for<[string, object, RegExp]>([
  ['an unknown field', { axis: [] }, /unknown field "axis"; the nearest known one is "axes"/],
  [
    'no experiment',
    { experiment: undefined },
    /names no experiment to start from; give one of preset, config and experiment/,
  ],
  ['two experiments', { preset: 'varied' }, /has preset and experiment; give one/],
  ['an unknown preset', { experiment: undefined, preset: 'varid' }, /no preset "varid"; the nearest is "varied"/],
  ['no seeds', { seeds: undefined }, /seeds is missing; it must be how many seeds/],
  ['seeds that are text', { seeds: 'eight' }, /seeds must be how many seeds, such as 8.* got "eight"/],
  ['a seed twice', { seeds: [1, 2, 1] }, /seeds has 1 twice/],
  [
    'an axis of no kind',
    { axes: [{ field: 'training.batch' }] },
    /axes\.0 says nowhere what it goes through; give it one of values, range, settings, draw/,
  ],
  ['an axis of two kinds', { axes: [{ field: 'a', values: [1], range: {} }] }, /axes\.0 has values, range at once/],
  [
    'a mistyped field of an axis',
    { axes: [{ feild: 'training.batch', values: [1] }] },
    /axes\.0 has an unknown field "feild"; the nearest known one is "field"/,
  ],
  [
    'an empty list',
    { axes: [{ field: 'training.batch', values: [] }] },
    /axes\.0\.values must be at least 1 entries long/,
  ],
  ['a value twice', { axes: [{ field: 'training.batch', values: [8, 8] }] }, /goes through "8" twice/],
  [
    'a setting under two names',
    { axes: [{ field: 'training.batch', values: [8, 8], labels: ['a', 'b'] }] },
    /axes\.0 calls the same setting "a" and "b"; leave one out/,
  ],
  [
    'a whole range that is too fine',
    { axes: [{ field: 'training.batch', range: { from: 8, to: 9, count: 3, whole: true } }] },
    /goes through "9" twice; ask for fewer, or for numbers that need not be whole/,
  ],
  ['no settings', { axes: [{ name: 'a', settings: [] }] }, /axes\.0\.settings must be at least 1 entries long/],
  ['no seed at all', { seeds: 0 }, /seeds must be how many seeds.* got 0/],
  ['a seed below 0', { seeds: [-1] }, /seeds must be how many seeds.* whole numbers from 0 on.* got \[-1\]/],
  [
    'an unknown preset of a setting',
    { axes: [{ name: 'a', settings: [{ label: 'a', preset: 'varid' }] }] },
    /axes\.0\.settings\.0: there is no preset "varid"; the nearest is "varied"/,
  ],
  [
    'a mistyped way of a table',
    { tables: [{ cells: [{ of: 'verdict', as: 'rang' }] }] },
    /tables\.0\.cells\.0\.as must be "range" or .*got "rang"/,
  ],
  [
    'a range backwards',
    { axes: [{ field: 'training.batch', range: { from: 9, to: 1, count: 2 } }] },
    /from 9 to 1; write the smaller one first/,
  ],
  [
    'a logarithm of nothing',
    { axes: [{ field: 'training.batch', range: { from: 0, to: 1, count: 2, scale: 'log' } }] },
    /logarithmic from 0; begin above 0/,
  ],
  [
    'two axes of one field',
    {
      axes: [
        { field: 'task', values: [{ kind: 'uniform' }] },
        { field: 'task.periods', values: [[5, 14]] },
      ],
    },
    /both set task/,
  ],
  ['axes and grids', { grids: [{ name: 'a', axes: [] }] }, /has axes and grids/],
  [
    'an unknown measurement',
    { measure: { audits: true } },
    /measure has an unknown field "audits"; the nearest known one is "audit"/,
  ],
  ['a name that is a path', { name: '../up' }, /name: use letters, digits, .* alone, got/],
  ['data that is not there', { data: 'none.jsonl' }, /none\.jsonl could not be read/],
])('%s is refused in one sentence', async ([, changes, sentence]) => {
  const message = await refusal(changes);
  expect(message).toMatch(sentence);
  expect(message).toMatch(/^[^\n]+\.$/);
});

test.for<[string, object, RegExp]>([
  [
    'a mistyped field',
    { axes: [{ field: 'training.learninRate', values: [0.1] }] },
    /training has an unknown field "learninRate"; the nearest known one is "learningRate"/,
  ],
  [
    'a mistyped section',
    { axes: [{ field: 'trainig.batch', values: [8] }] },
    /unknown field "trainig"; the nearest known one is "training"/,
  ],
  ['a field of a number', { axes: [{ field: 'training.steps.more', values: [8] }] }, /training\.steps has no fields/],
  ['a prototype', { axes: [{ field: '__proto__.x', values: [8] }] }, /unknown field "__proto__"/],
  [
    'an impossible value',
    { axes: [{ field: 'training.batch', values: [8, -1] }] },
    /with training\.batch = -1: training\.batch must be at least 1, got -1/,
  ],
  [
    'an impossible combination',
    { set: { 'training.warmupSteps': 30 } },
    /warmupSteps \(30\) must be below training\.steps \(20\)/,
  ],
])('%s is refused before anything runs, with the setting', async ([, changes, sentence]) => {
  expect(await planRefusal(changes)).toMatch(sentence);
});
