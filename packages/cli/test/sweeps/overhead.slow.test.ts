// What a sweep costs besides its runs.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { beginTarget } from '../../src/sweeps/folder/openSweep.ts';
import { runHere } from '../../src/sweeps/pool/runHere.ts';
import { temporaryFolder } from '../support/folders.ts';
import { writeSweep } from '../support/sweeps.ts';

const folder = temporaryFolder();

/** Seconds on the clock and of the runs themselves, in one process. */
async function cost(changes: object): Promise<{ clock: number; runs: number; count: number }> {
  const open = await beginTarget(writeSweep(folder, changes), { out: join(folder, String(Math.random())) });
  const begun = performance.now();
  await runHere(open, open.entries, { jobs: 1, threads: 1, quiet: true, signal: new AbortController().signal });
  const clock = (performance.now() - begun) / 1000;
  const runs = open.entries.reduce((sum, { job }) => sum + open.folder.readResult(job).seconds, 0);
  return { clock, runs, count: open.entries.length };
}

test('a job costs at most 3 % of a run of 600 steps besides the run', async () => {
  const real = await cost({
    experiment: undefined,
    preset: 'varied',
    set: { 'training.steps': 600 },
    axes: [],
    seeds: 1,
    measure: {},
  });
  const short = {
    set: { 'training.steps': 3, 'training.warmupSteps': 0 },
    axes: [],
    measure: { audit: false, scores: false },
  };
  const one = await cost({ ...short, seeds: 1 });
  const many = await cost({ ...short, seeds: 101 });
  // The first job of a process waits for the program to load, the others do not.
  const start = one.clock - one.runs;
  const each = (many.clock - many.runs - start) / 100;
  console.log(
    `start ${start.toFixed(2)} s, each job ${(1000 * each).toFixed(1)} ms besides its run; a run of 600 steps ${real.runs.toFixed(1)} s`,
  );
  expect(each).toBeLessThan(0.03 * real.runs);
});
