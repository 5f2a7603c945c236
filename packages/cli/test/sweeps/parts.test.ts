// Which part of a sweep a process does, by what it is told or by what a system has numbered.
import { expect, test } from 'vitest';
import { elementsOf, scriptOf } from '../../src/sweeps/engines/slurm.ts';
import { SweepFolder } from '../../src/sweeps/folder/sweepFolder.ts';
import { chosenPart, readPart } from '../../src/sweeps/pool/part.ts';
import { run } from '../support/inProcess.ts';

test('a part is named by its number and how many there are', () => {
  expect(readPart('3/8')).toEqual({ index: 2, of: 8 });
  for (const wrong of ['0/8', '9/8', '3', '1/0', '-1/2', '1.5/2', ''])
    expect(() => readPart(wrong), wrong).toThrow('It must look like 3/8');
});

test('an element of a SLURM array is the part of its number, from the first of the array on', () => {
  const env = { SLURM_ARRAY_TASK_ID: '5', SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_COUNT: '8' };
  expect(chosenPart({}, env)).toEqual({ index: 4, of: 8 });
  // Some elements submitted again, of as many as there were.
  expect(chosenPart({ parts: 20 }, { ...env, SLURM_ARRAY_TASK_COUNT: '2' })).toEqual({ index: 5, of: 20 });
});

test('a pod of an Indexed Job is the part of its index, of as many as are named', () => {
  expect(chosenPart({ parts: 8 }, { JOB_COMPLETION_INDEX: '7' })).toEqual({ index: 7, of: 8 });
  expect(() => chosenPart({}, { JOB_COMPLETION_INDEX: '7' })).toThrow(
    'JOB_COMPLETION_INDEX is 7, of how many nobody says; add --parts N.',
  );
  expect(() => chosenPart({ parts: 7 }, { JOB_COMPLETION_INDEX: '7' })).toThrow('beyond the 7 parts');
  expect(() => chosenPart({ parts: 7 }, { JOB_COMPLETION_INDEX: 'x' })).toThrow(
    'JOB_COMPLETION_INDEX is "x", not a whole number',
  );
  expect(() => chosenPart({ parts: 7 }, {})).toThrow('neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX');
});

test('what the command line says comes first, and nothing said means the whole sweep', () => {
  expect(chosenPart({ part: { index: 0, of: 2 } }, { SLURM_ARRAY_TASK_ID: '1', SLURM_ARRAY_TASK_COUNT: '2' })).toEqual({
    index: 0,
    of: 2,
  });
  expect(chosenPart({}, {})).toBeNull();
});

test('elements of an array take ten minutes each, as many as there are jobs and as SLURM takes at most', () => {
  expect(elementsOf({ jobs: 400, secondsPerJob: 15 }, 1001)).toBe(10);
  expect(elementsOf({ jobs: 4, secondsPerJob: 3600 }, 1001)).toBe(4);
  expect(elementsOf({ jobs: 100_000, secondsPerJob: 60 }, 1001)).toBe(1001);
  expect(elementsOf({ jobs: 1, secondsPerJob: 0 }, 1001)).toBe(1);
});

test('the script of an array does a part by its number, and survives a folder with a space', () => {
  const script = scriptOf(new SweepFolder('/shared/my sweep'), 12, { threads: 2, name: 'mine' });
  expect(script).toMatch(/^#!\/bin\/bash\n#SBATCH --job-name=mine\n#SBATCH --cpus-per-task=2\n/);
  expect(script).toMatch(/sweep run '\/shared\/my sweep' --parts 12 --jobs 1 --threads 2 --quiet\n$/);
});

test('SLURM that is not there is told in a sentence', async () => {
  const { PATH } = process.env;
  const { temporaryFolder } = await import('../support/folders.ts');
  const { writeSweep } = await import('../support/sweeps.ts');
  const folder = temporaryFolder();
  process.env.PATH = folder;
  try {
    const ended = await run(
      'sweep',
      writeSweep(folder, { axes: [], seeds: 1 }),
      '--out',
      `${folder}/out`,
      '--on',
      'slurm',
    );
    expect(ended).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /--on slurm needs scontrol, which is not here \(ENOENT\); run it on a machine of the cluster/,
      ),
    });
  } finally {
    process.env.PATH = PATH;
  }
});
