// A disk that fills while a run trains: one sentence, nothing lost, and the run goes on when there is room again.
import { existsSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { expectNoStackTrace, expectRefusal, start } from './support/command.ts';
import { writeExperiment } from './support/experiment.ts';
import {
  checkpointFile,
  countTo,
  filesIn,
  loadAllCheckpoints,
  stepsOf,
  temporaryFolder,
  weightsHash,
} from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';
import { remount, withMount } from './support/mount.ts';

const folder = temporaryFolder();
const FULL = /The disk is full: could not write .+\. What was saved before is intact; free some space/;

test('a run that fills the disk fails with all earlier checkpoints intact, and resumes when there is room', async (context) => {
  const config = writeExperiment(folder);
  await withMount(context, 'size=600k', async (small) => {
    const out = join(small, 'run');
    expectRefusal(await run('train', '--config', config, '--out', out, '--quiet'), FULL, 1);
    expect(loadAllCheckpoints(out).length).toBeGreaterThan(5);
    expect(filesIn(out).filter((name) => name.includes('.tmp'))).toEqual([]);
    expect(remount(small, 'size=6m')).toBe(true);
    await succeed('train', '--resume', out, '--quiet');
    expect(stepsOf(out)).toEqual(countTo(200));
    await succeed('train', '--config', config, '--out', join(folder, 'roomy'), '--quiet');
    expect(weightsHash(checkpointFile(out, 200))).toBe(weightsHash(checkpointFile(join(folder, 'roomy'), 200)));
  });
});

test.skipIf(!existsSync('/dev/full'))(
  'a disk that fills between two checkpoints fails the run too (needs /dev/full, which only Linux has)',
  async () => {
    const out = join(folder, 'metrics');
    const config = writeExperiment(folder, { training: { steps: 100_000 } });
    const { child, ended } = start(['train', '--config', config, '--out', out, '--json', '--scores-every', '0']);
    createInterface({ input: child.stdout! }).once('line', () => {
      // In one move: a record that is written in between would make the file anew.
      symlinkSync('/dev/full', join(out, 'full'));
      renameSync(join(out, 'full'), join(out, 'metrics.jsonl'));
    });
    const result = await ended;
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(FULL);
    expectNoStackTrace(result);
    expect(loadAllCheckpoints(out).length).toBeGreaterThan(0);
  },
);
