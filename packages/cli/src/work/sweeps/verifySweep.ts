// `induction-lab sweep verify`: does a random share of the finished runs again, here or elsewhere, and compares hashes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printable } from '@induction-lab/core/internal/printable';
import { RandomStream, STREAMS } from '@induction-lab/core/node';
import { badInput, CommandError, EXIT } from '../../errors.ts';
import { pointText } from '../../sweeps/definition/points.ts';
import { type OpenSweep, readTarget } from '../../sweeps/folder/openSweep.ts';
import { SweepFolder } from '../../sweeps/folder/sweepFolder.ts';
import { refuseGpu } from '../../sweeps/gpu/refuseGpu.ts';
import { type Entry, jobOfEntry } from '../../sweeps/jobs/plan.ts';
import { runHere } from '../../sweeps/pool/runHere.ts';
import { interruptSignal } from '../../terminal/interrupt.ts';
import { pull, push } from './queueSweep.ts';

export interface VerifyOptions {
  share: number;
  seed: number;
  sweepFolder?: string;
  on?: string;
  jobs?: number;
  threads?: number;
  quiet?: boolean;
}

export async function verifySweepCommand(target: string, options: VerifyOptions): Promise<void> {
  const open = await readTarget(target, { out: options.sweepFolder });
  refuseGpu(open, 'two GPUs give two results, so that there is nothing to compare');
  const chosen = chosenEntries(open, options);
  checkSameProgram(open, chosen[0]!);
  const again: OpenSweep = {
    ...open,
    folder: new SweepFolder(mkdtempSync(join(tmpdir(), 'induction-lab-verify-'))),
    entries: chosen,
  };
  try {
    await redo(again, options);
    tell(open, again.folder, chosen);
  } finally {
    rmSync(again.folder.path, { recursive: true, force: true });
  }
}

/** A random share of the finished runs, at least one, each job once. */
function chosenEntries({ folder, entries }: OpenSweep, { share, seed }: VerifyOptions): Entry[] {
  const there = folder.done();
  const byJob = new Map(entries.filter(({ job }) => there.has(job)).map((entry) => [entry.job, entry]));
  const done = [...byJob.values()];
  if (done.length === 0) throw badInput(`${printable(folder.path)} holds no results yet; run the sweep first.`);
  const random = new RandomStream(seed, STREAMS.sweepShare);
  const count = Math.max(1, Math.round(share * done.length));
  return Array.from({ length: count }, () => done.splice(random.below(done.length), 1)[0]!);
}

/** Another version would do other jobs: there is nothing to compare. */
function checkSameProgram({ sweep, points, folder }: OpenSweep, entry: Entry): void {
  if (jobOfEntry(sweep, points, entry).id !== entry.job)
    throw badInput(
      `${printable(folder.path)} was done by another version of the program or its kernels; verify it with that one.`,
    );
}

async function redo(again: OpenSweep, { on, jobs, threads, quiet = false }: VerifyOptions): Promise<void> {
  if (on !== undefined) {
    await push(again, { on, quiet });
    await pull(again, { on, wait: true, quiet: true });
    return;
  }
  const { signal, dispose } = interruptSignal('Ending; nothing of the sweep has changed.');
  try {
    await runHere(again, again.entries, { jobs, threads, quiet, signal });
  } finally {
    dispose();
  }
  if (signal.aborted) throw new CommandError('Stopped before all were compared.', EXIT.interrupted);
}

function tell({ folder, points, sweep }: OpenSweep, again: SweepFolder, chosen: readonly Entry[]): void {
  const redone = again.done();
  const differing = chosen.filter(
    ({ job }) => !redone.has(job) || again.readResult(job).sha256 !== folder.readResult(job).sha256,
  );
  if (differing.length === 0) {
    process.stdout.write(
      `${chosen.length} of ${folder.done().size} runs done again: every result is the same, bit for bit.\n`,
    );
    return;
  }
  for (const { point, seed } of differing)
    process.stdout.write(`differs: ${printable(pointText(points[point]!))}, seed ${seed}\n`);
  throw new CommandError(
    `${differing.length} of ${chosen.length} runs done again came out otherwise; ${sweep.backend === 'simd' ? 'with the plain-SIMD build they must not: find out on which machine' : 'without --exact two machines may differ in the last bits'}.`,
    EXIT.failed,
  );
}
