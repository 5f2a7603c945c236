// `--gpu`: what is refused, and what is said where the CPU has to train.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { beginTarget } from '../src/sweeps/folder/openSweep.ts';
import { jobOfEntry, planSweep } from '../src/sweeps/jobs/plan.ts';
import { writeExperiment } from './support/experiment.ts';
import { checkpointFile, readJson, temporaryFolder, weightsHash } from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';
import { writeSweep } from './support/sweeps.ts';

const folder = temporaryFolder();
const SMALL = {
  model: { dModel: 8, dHead: 4, nCtx: 12, dVocab: 9 },
  task: { kind: 'repeated', period: 4 },
  training: { steps: 3, batch: 2, warmupSteps: 0 },
} as const;
const config = writeExperiment(folder, SMALL);
const withMlps = writeExperiment(folder, { ...SMALL, model: { ...SMALL.model, dMlp: 6 } });
const into = (name: string): string[] => ['--out', join(folder, name), '--threads', '1', '--quiet'];

test.each([
  [['run', '--gpu', '--exact'], '--exact promises the same bits on every machine, which no GPU gives; leave out --gpu'],
  [['train', '--config', config, '--exact', '--gpu', 'x'], '--exact promises the same bits on every machine'],
  [['train', '--resume', 'somewhere', '--gpu'], '--resume continues a run as it was begun; leave out --gpu, or start'],
])('%s is a fault of usage, told before anything is made', async (args, sentence) => {
  const ended = await run(...args, ...(args.includes('--resume') ? [] : ['--out', join(folder, 'none')]));
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain(sentence);
  expect(existsSync(join(folder, 'none'))).toBe(false);
});

test('where the GPU asked for is not there, one sentence says so and the CPU trains as ever', async () => {
  const { stderr } = await succeed('train', '--config', config, '--gpu', 'no such adapter', ...into('absent'));
  expect(stderr).toMatch(
    /^(There is no GPU by the name of "no such adapter"|The npm package webgpu).* The CPU trains\.\n$/,
  );
  await succeed('train', '--config', config, ...into('cpu'));
  expect(weightsHash(checkpointFile(join(folder, 'absent'), 3))).toBe(
    weightsHash(checkpointFile(join(folder, 'cpu'), 3)),
  );
  const record = readJson(folder, 'absent', 'run.json');
  expect(record).not.toHaveProperty('gpu');
  expect(record.options).toMatchObject({ gpu: 'no such adapter' });
  expect(readJson(folder, 'cpu', 'run.json').options).not.toHaveProperty('gpu');
});

test('a model with parts that the GPU does not have trains on the CPU', async () => {
  const { stderr } = await succeed('train', '--config', withMlps, '--gpu', 'swiftshader', ...into('mlps'));
  expect(stderr).toMatch(
    /^(The GPU trains no model with MLPs \(model\.dMlp is 6\)|There is no GPU).* The CPU trains\.\n$/,
  );
  expect(readJson(folder, 'mlps', 'run.json')).toMatchObject({ status: 'done' });
});

test('sweep --gpu: what is refused or not there, and a job that a GPU trains is another than that of the CPU', async () => {
  const file = writeSweep(folder, { exact: false, seeds: 1 });
  expect(await run('sweep', file, '--exact', '--gpu', '--out', join(folder, 'none'))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--exact promises the same bits on every machine'),
  });
  expect(await run('sweep', file, '--on', 'slurm', '--gpu', '--out', join(folder, 'none'))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--gpu trains on the GPU of this machine; leave out --on'),
  });
  expect(existsSync(join(folder, 'none'))).toBe(false);
  const open = await beginTarget(file, { out: join(folder, 'sweep'), gpu: 'no such adapter' });
  expect(open.gpu).toBeUndefined();
  expect(open.sweep).not.toHaveProperty('gpu');
  const info = { adapter: 'A', driver: '' };
  const onGpu = planSweep({ ...open.sweep, gpu: info }, file, () => true);
  expect(new Set([...onGpu.entries, ...open.entries].map(({ job }) => job)).size).toBe(6);
  expect(jobOfEntry({ ...open.sweep, gpu: info }, open.points, onGpu.entries[0]!)).toMatchObject({ gpu: info });
  expect(planSweep({ ...open.sweep, gpu: info }, file, () => false).entries).toEqual(open.entries);
  expect(await run('sweep', join(folder, 'sweep'), '--gpu')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('was begun without a GPU; leave --gpu out'),
  });
});
