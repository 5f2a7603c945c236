// A sweep as an array of a real SLURM, of which a node dies.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { statesOf, submitArray } from '../../src/sweeps/engines/slurm.ts';
import { beginTarget } from '../../src/sweeps/folder/openSweep.ts';
import { runHere } from '../../src/sweeps/pool/runHere.ts';
import { temporaryFolder } from '../support/folders.ts';
import { succeed } from '../support/inProcess.ts';
import { noSlurm, SlurmCluster } from '../support/slurm.ts';
import { writeSweep } from '../support/sweeps.ts';

const folder = temporaryFolder();

test.skipIf(noSlurm !== undefined)(
  `an array of SLURM loses a node${noSlurm ? ` (skipped: ${noSlurm})` : ''}`,
  async () => {
    const cluster = await SlurmCluster.start();
    try {
      const file = writeSweep(folder, { set: { 'training.steps': 1500 }, measure: { audit: true, scores: false } });
      const open = await beginTarget(file, { out: join(folder, 'array') });
      // As long as an element is to be, so that each run is one.
      const array = submitArray(open.folder, { jobs: 6, secondsPerJob: 600, threads: 1, name: 'tiny' });
      expect(array.elements).toBe(6);
      expect(() => submitArray(open.folder, { jobs: 6, secondsPerJob: 600, threads: 1, name: 'tiny' })).toThrow(
        /still works on/,
      );
      const until = async (holds: () => boolean): Promise<void> => {
        const patience = Date.now() + 600_000;
        while (!holds()) {
          if (Date.now() > patience) throw new Error(`only ${open.folder.done().size} of 6 runs were done`);
          await new Promise((later) => setTimeout(later, 500));
        }
      };
      await until(() => statesOf(array).some(([state, count]) => state === 'RUNNING' && count === 2));
      expect((await succeed('sweep', 'status', open.folder.path)).stdout).toMatch(
        /SLURM job \d+, 6 elements: .*2 RUNNING/,
      );
      await until(() => open.folder.done().size >= 1);
      cluster.killNode('n2');
      await until(() => open.folder.done().size === 6);
      await until(() => statesOf(array).every(([state]) => !['RUNNING', 'COMPLETING', 'PENDING'].includes(state)));
      const here = await beginTarget(file, { out: join(folder, 'here') });
      await runHere(here, here.entries, { jobs: 2, threads: 1, quiet: true, signal: new AbortController().signal });
      for (const { job } of here.entries)
        expect(open.folder.readResult(job).sha256).toBe(here.folder.readResult(job).sha256);
    } finally {
      cluster.stop();
    }
  },
);
