// Opens the folder of a sweep, named by itself or by the sweep's file: to read what is there, or to go on with it.
import { statSync } from 'node:fs';
import { printable, quoted } from '@induction-lab/core/internal/printable';
import { badInput } from '../../errors.ts';
import { provenance } from '../../files/provenance.ts';
import { type Point, pointsOf } from '../definition/points.ts';
import { readSweep } from '../definition/readSweep.ts';
import type { Sweep } from '../definition/sweep.ts';
import { canonicalJson, type Job } from '../jobs/job.ts';
import { programText } from '../jobs/jobResult.ts';
import { type Entry, jobOfEntry, planSweep } from '../jobs/plan.ts';
import { SweepFolder } from './sweepFolder.ts';
import type { SweepRecord } from './sweepRecord.ts';

export interface OpenSweep {
  readonly folder: SweepFolder;
  readonly sweep: Sweep;
  readonly points: readonly Point[];
  /** Its runs, in the order of the sweep. */
  readonly entries: readonly Entry[];
}

export interface TargetOptions {
  readonly out?: string | undefined;
  readonly exact?: boolean | undefined;
}

/** Where a sweep's results go unless told. */
const usualFolder = (name: string): string => `runs/sweep-${name}`;

/** What a target names: a sweep of a file with its folder, or a folder alone. */
async function resolveTarget(
  target: string,
  { out, exact = false }: TargetOptions,
): Promise<{ folder: SweepFolder; sweep: Sweep | null }> {
  if (statSync(target, { throwIfNoEntry: false })?.isDirectory()) {
    if (out !== undefined)
      throw badInput(
        `${printable(target)} is the folder of a sweep already; leave --out out, or name the sweep’s file.`,
      );
    if (exact)
      throw badInput(
        '--exact has no effect on a sweep that has begun; leave it out, or name the sweep’s file and another --out.',
      );
    return { folder: new SweepFolder(target), sweep: null };
  }
  const sweep = await readSweep(target, { exact });
  return { folder: new SweepFolder(out ?? usualFolder(sweep.name)), sweep };
}

/** Opens what is there, and changes nothing. */
export async function readTarget(target: string, options: TargetOptions = {}): Promise<OpenSweep> {
  const { folder, sweep } = await resolveTarget(target, options);
  const record = folder.read();
  if (sweep && !sameSweep(record.sweep, sweep)) throw otherSweep(folder, record, target);
  return { folder, sweep: record.sweep, points: pointsOf(record.sweep), entries: folder.entries() };
}

/** The plan of a target, whether or not it has begun. */
export async function planTarget(target: string, options: TargetOptions = {}): Promise<OpenSweep> {
  const { folder, sweep } = await resolveTarget(target, options);
  const chosen = sweep ?? folder.read().sweep;
  return { folder, sweep: chosen, ...planSweep(chosen, target) };
}

/**
 * Opens a sweep to go on with it: begins it where there is none, adds the runs that its file asks for by now. Refuses a
 * folder that holds another sweep; and one that another version of the program has planned, unless `mixed`: then what is
 * there stays, and the rest is done by this version.
 */
export async function beginTarget(
  target: string,
  { mixed = false, ...options }: TargetOptions & { mixed?: boolean | undefined },
): Promise<OpenSweep> {
  const { folder, sweep: given } = await resolveTarget(target, options);
  const record = folder.begun || given === null ? folder.read() : null;
  const sweep = given ?? record!.sweep;
  const { points, entries } = planSweep(sweep, target);
  const now: SweepRecord = { ...provenance(sweep.backend), sweep };
  if (record === null) {
    folder.refuseForeign();
    folder.write(now, entries);
    return { folder, sweep, points, entries };
  }
  const before = folder.entries();
  const planned = new Set(entries.map(({ job }) => job));
  const others = before.filter(({ job }) => !planned.has(job));
  if (others.length === 0) {
    if (entries.length > before.length || !sameSweep(record.sweep, sweep)) folder.write(now, entries);
    return { folder, sweep, points, entries };
  }
  if (!sameSweep(record.sweep, sweep)) throw otherSweep(folder, record, target);
  if (!mixed)
    throw badInput(
      `${printable(folder.path)} was planned by ${programText(record)}, this program is ${programText(now)}; go on with that one, choose another --out, or add --mixed to do the rest with this one.`,
    );
  const done = folder.done();
  const both = entries.map((entry, i) => (done.has(before[i]?.job ?? '') ? before[i]! : entry));
  folder.write(now, both);
  return { folder, sweep, points, entries: both };
}

const sameSweep = (a: Sweep, b: Sweep): boolean => canonicalJson(a) === canonicalJson(b);

const otherSweep = (folder: SweepFolder, { sweep }: SweepRecord, target: string): Error =>
  badInput(
    `${printable(folder.path)} holds another sweep (${quoted(sweep.name)}, with other runs than ${printable(target)} asks for); choose another --out.`,
  );

/** The jobs of some entries that are not in `but`, each once, made when they are asked for. */
export function* jobsOf(
  { sweep, points }: Pick<OpenSweep, 'sweep' | 'points'>,
  entries: readonly Entry[],
  but: ReadonlySet<string>,
): Generator<Job> {
  const given = new Set(but);
  for (const entry of entries) {
    if (given.has(entry.job)) continue;
    given.add(entry.job);
    yield jobOfEntry(sweep, points, entry);
  }
}
