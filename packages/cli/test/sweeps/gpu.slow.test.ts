// The 13 settings of `diversity` as ensembles on a software adapter, with a model of tiny sizes: every run there, marked with the
// adapter, equal to the same run trained alone, also where the sweep was stopped on the way.

import { join } from 'node:path';
import { loadEngine } from '@induction-lab/core/node';
import { GpuError, openGpu, trainEnsemble } from '@induction-lab/core/node-gpu';
import { expect, test } from 'vitest';
import { loadPreset } from '../../src/files/presets.ts';
import { beginTarget, readTarget } from '../../src/sweeps/folder/openSweep.ts';
import { runOnGpu } from '../../src/sweeps/gpu/runOnGpu.ts';
import { weightsHash } from '../../src/sweeps/jobs/measureRun.ts';
import { jobOfEntry } from '../../src/sweeps/jobs/plan.ts';
import { diversitySweep } from '../../src/work/diversity.ts';
import { temporaryFolder, writeJson } from '../support/folders.ts';
import { run, succeed } from '../support/inProcess.ts';

const folder = temporaryFolder();
const varied = loadPreset('varied');
const experiment = {
  ...varied,
  model: { ...varied.model, nHeads: 2, dModel: 12, dHead: 5, rotaryDim: 4, dVocab: 23 },
  training: { ...varied.training, batch: 4, warmupSteps: 3 },
};
const file = writeJson(join(folder, 'diversity.json'), {
  ...diversitySweep({ seeds: 2, steps: 12, experiment }),
  measure: { audit: false, scores: false },
});
const out = join(folder, 'done');

test('13 settings and two seeds train as ensembles, stopped and gone on with', async (context) => {
  const missing = await openGpu({ name: 'swiftshader' }).then(
    () => null,
    (error: unknown) => error,
  );
  if (missing instanceof GpuError) return context.skip('no SwiftShader: install chromium');
  const open = await beginTarget(file, { out, gpu: 'swiftshader' });
  expect(open.sweep.gpu?.adapter).toMatch(/swiftshader/i);
  const stopping = new AbortController();
  setTimeout(() => stopping.abort(), 3000); // somewhere on the way, or before the first step: it makes no difference
  await runOnGpu(open, open.gpu!, { entries: open.entries, jobs: 1, threads: 1, quiet: true, signal: stopping.signal });
  const { stdout } = await succeed('sweep', out, '--jobs', '1', '--quiet');
  expect(stdout).toBe('');
  const { folder: done, entries, points, sweep } = await readTarget(out);
  expect(entries).toHaveLength(26);
  for (const { job } of entries) expect(done.readResult(job).gpu).toEqual(open.sweep.gpu);
  const { experiment: one, seed } = jobOfEntry(sweep, points, entries[9]!);
  const [alone] = await trainEnsemble(open.gpu!, [{ engine: await loadEngine(), experiment: one, seed }]);
  if (alone?.status !== 'fulfilled') throw new Error('the run by itself ended in an error');
  expect(done.readResult(entries[9]!.job).measured.weights).toBe(weightsHash(alone.value.weights));
  expect(await run('sweep', file, '--out', out)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/was begun on the GPU .*; add --gpu, or choose another --out/),
  });
  expect(await run('sweep', 'verify', out)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/nothing to compare/),
  });
});
