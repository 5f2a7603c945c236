// What the benchmark is asked for, what it makes of a race, and the step it times.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// Scripts without types: what they give is said where it is used.
const module = (name: string): Promise<Record<string, (...args: unknown[]) => never>> =>
  import(new URL(`../../benchmarks/${name}`, import.meta.url).href);
const { parseOptions, cellsOf } = await module('options.mjs');
const { judge } = await module('judge.mjs');
const { pairedRatio, quantile } = await module('race.mjs');
const { referenceExperiment } = await module('experiment.mjs');
const { commitOf } = await module('against.mjs');

const sizes = (...args: string[]): string[] => {
  const cells: { batch: number; dModel: number }[] = cellsOf!(parseOptions!([...args, '--threads', '1']));
  return [...new Set(cells.map(({ batch, dModel }) => `${batch} × ${dModel}`))];
};

test('without sizes each of batch and dModel is varied by itself; with sizes every batch meets every width', () => {
  expect(sizes()).toEqual(['64 × 64', '256 × 64', '1024 × 64', '64 × 128', '64 × 256']);
  expect(sizes('--quick')).toEqual(['64 × 64']);
  expect(sizes('--batch', '3,5', '--d-model', '8,12')).toEqual(['3 × 8', '5 × 8', '3 × 12', '5 × 12']);
  expect(sizes('--d-model', '128')).toEqual(['64 × 128']);
  expect(sizes('--quick', '--batch', '256')).toEqual(['256 × 64']);
});

test('only the reference size is measured on one thread too, unless sizes or threads are given', () => {
  const onOne = (...args: string[]): number => {
    const cells: { threads: number }[] = cellsOf!(parseOptions!(args));
    return cells.filter(({ threads }) => threads === 1).length;
  };
  if (availableParallelism() > 1) expect(onOne()).toBe(2);
  expect(onOne('--threads', '1')).toBe(10);
  expect(onOne('--batch', '64,256')).toBe(4);
});

test('each size is measured with LayerNorm and without, on each number of threads', () => {
  expect(cellsOf!(parseOptions!(['--batch', '7', '--threads', '1,1']))).toEqual([
    { batch: 7, dModel: 64, layerNorm: true, threads: 1 },
    { batch: 7, dModel: 64, layerNorm: false, threads: 1 },
  ]);
});

test('rivals are raced in the order of the report, and none may be wanted', () => {
  const { rivals }: { rivals: string[] } = parseOptions!(['--rivals', 'tfjs,eager']);
  expect(rivals).toEqual(['eager', 'tfjs']);
  expect(parseOptions!(['--rivals', 'none'])).toMatchObject({ rivals: [], parts: ['speed', 'measurements'] });
});

test.for([
  [['--batch', '0'], '--batch: "0" cannot be; give whole numbers from 1 to 65536, separated by commas.'],
  [['--batch', '64,'], '--batch: "" cannot be; give whole numbers from 1 to 65536, separated by commas.'],
  [['--d-model', '66'], '--d-model: "66" cannot be; give multiples of 4 from 4 to 4096, separated by commas.'],
  [['--rivals', 'jax'], '--rivals: there is no "jax"; choose from simd, pytorch, eager, jaxjs, jaxjsWorkers, tfjs.'],
  [['--only', 'ours'], '--only: there is no "ours"; choose from speed, measurements, gpu, sweep.'],
] as const)('%s is refused in one sentence', ([args, sentence]) => {
  expect(() => parseOptions!([...args])).toThrow(new Error(sentence));
});

test('a revision is a commit of this repository, and an option is none', () => {
  expect(commitOf!('HEAD')).toMatch(/^[0-9a-f]{40,64}$/);
  for (const name of ['no-such-commit', '--all'])
    expect(() => commitOf!(name)).toThrow(`--against: git knows no commit "${name}" here; name a commit`);
});

test('quantiles are interpolated, and a ratio is the median of the rounds’ ratios, not the ratio of medians', () => {
  expect(quantile!([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(pairedRatio!([2, 20, 90], [1, 10, 30])).toEqual({ median: 2, low: 2, high: 2.5 });
});

const raced = (name: string, rates: number[], lastLoss = 3) => ({ name, rates, firstLoss: 4, lastLoss });
const ours = raced('ours', [10, 20, 40]);
const cell = { batch: 64, dModel: 64, layerNorm: true, threads: 2 };

test('our speed over a rival’s is held against the target of the cell, at dModel 64', () => {
  const result = raced('pytorch', [5, 10, 25]);
  expect(judge!({ result, ours, cell })).toMatchObject({ ratio: { median: 2 }, target: 1.8, passed: true });
  expect(judge!({ result, ours, cell: { ...cell, dModel: 128 } })).toMatchObject({ target: null, passed: null });
  expect(judge!({ result: raced('eager', [10, 10, 40]), ours, cell })).toMatchObject({ target: 2, passed: false });
});

test('of another commit our time a step is said too', () => {
  const judged = judge!({ result: raced('against', [8, 16, 20]), ours, cell });
  expect(judged).toMatchObject({ ratio: { median: 1.25 }, stepTime: { median: 0.8 }, passed: null });
});

test('who did not learn, or did not run, gives no ratio', () => {
  const idle = raced('tfjs', [1000, 1000, 1000], 4);
  expect(judge!({ result: idle, ours, cell })).toMatchObject({ fell: false, ratio: null, passed: null });
  expect(judge!({ result: raced('tfjs', [1, 1, 1]), ours: idle, cell })).toMatchObject({ ratio: null });
  const absent = { name: 'ours', missing: 'why' };
  expect(judge!({ result: raced('tfjs', [1, 1, 1]), ours: absent, cell })).toMatchObject({ ratio: null });
});

test('the reference step has the sizes of its cell', () => {
  const experiment = referenceExperiment!({ batch: 7, dModel: 20, layerNorm: false });
  expect(experiment).toMatchObject({
    model: { dModel: 20, nHeads: 4, dHead: 5, normalization: null },
    training: { batch: 7 },
  });
});

/** Lets our step train in bursts, as a race does. */
async function trainOurs(given: object, bursts: number[]): Promise<{ loss: number; firstLoss: number }[]> {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const argument = JSON.stringify({ ...given, build: 'simd', checkout: root, version: 'test' });
  const child = spawn(process.execPath, [`${root}benchmarks/steps/ours.mjs`, argument], { stdio: 'pipe' });
  const answers = [];
  for (const steps of bursts) child.stdin.write(`${JSON.stringify({ steps })}\n`);
  child.stdin.end();
  for await (const line of createInterface({ input: child.stdout })) answers.push(JSON.parse(line));
  return answers;
}

test('the step that is timed learns, and gives the same losses on any number of threads', async () => {
  const one = await trainOurs({ batch: 8, dModel: 12, layerNorm: true, threads: 1 }, [2, 6]);
  const two = await trainOurs({ batch: 8, dModel: 12, layerNorm: true, threads: 2 }, [2, 6]);
  expect(one).toHaveLength(3);
  expect(one[0]!.firstLoss).toBeGreaterThan(4);
  expect(one[2]!.loss).toBeLessThan(one[0]!.firstLoss);
  expect(two.map(({ loss }) => loss)).toEqual(one.map(({ loss }) => loss));
});
