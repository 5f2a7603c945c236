// Opens the folder of a sweep, named by itself or by the sweep's file: to read what is there, or to go on with it.
import { statSync } from 'node:fs';
import { printable, quoted } from '@induction-lab/core/internal/printable';
import type { Gpu } from '@induction-lab/core/node-gpu';
import { badInput } from '../../errors.ts';
import { provenance } from '../../files/provenance.ts';
import type { AskedGpu } from '../../runs/gpuChoice.ts';
import { canonicalJson } from '../definition/canonicalJson.ts';
import { type Point, pointsOf } from '../definition/points.ts';
import { readSweep } from '../definition/readSweep.ts';
import type { Sweep } from '../definition/sweep.ts';
import type { Job } from '../jobs/job.ts';
import { programText } from '../jobs/jobResult.ts';
import { type Entry, jobOfEntry, planSweep, type TrainsOnGpu } from '../jobs/plan.ts';
import { SweepFolder } from './sweepFolder.ts';
import type { SweepGpu } from './sweepGpu.ts';
import type { SweepRecord } from './sweepRecord.ts';

export interface OpenSweep {
  readonly folder: SweepFolder;
  readonly sweep: Sweep;
  readonly points: readonly Point[];
  /** Its runs, in the order of the sweep. */
  readonly entries: readonly Entry[];
  /** The GPU that trains what it can of it, opened. */
  readonly gpu?: Gpu;
}

export interface BeginOptions extends TargetOptions {
  readonly mixed?: boolean | undefined;
  readonly gpu?: AskedGpu | undefined;
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
  const shown = sweep ? withGpu(sweep, record.sweep) : record.sweep;
  return { folder, sweep: shown, points: pointsOf(shown), entries: folder.entries() };
}

/** The plan of a target, whether or not it has begun. */
export async function planTarget(target: string, options: TargetOptions = {}): Promise<OpenSweep> {
  const { folder, sweep } = await resolveTarget(target, options);
  const chosen = sweep ?? folder.read().sweep;
  return { folder, sweep: chosen, ...planSweep(chosen, target, await onGpuOf(chosen)) };
}

/** A sweep with the GPU that it has begun on. */
const withGpu = (sweep: Sweep, { gpu, gpuName }: Pick<Sweep, 'gpu' | 'gpuName'>): Sweep => ({
  ...sweep,
  ...(gpu ? { gpu } : {}),
  ...(gpuName === undefined ? {} : { gpuName }),
});

/** Begins a sweep in a folder in which nothing lies yet. `name` is what to call it in messages. */
export function beginSweep(folder: SweepFolder, sweep: Sweep, name: string, onGpu?: TrainsOnGpu): OpenSweep {
  folder.refuseForeign();
  const { points, entries } = planSweep(sweep, name, onGpu);
  folder.write({ ...provenance(sweep.backend), sweep }, entries);
  return { folder, sweep, points, entries };
}

/**
 * Opens a sweep to go on with it: begins it where there is none, adds the runs that its file asks for by now. Refuses a
 * folder that holds another sweep; and one that another version of the program has planned, unless `mixed`: then what is
 * there stays, and the rest is done by this version.
 */
export async function beginTarget(
  target: string,
  { mixed = false, gpu: asked, ...options }: BeginOptions,
): Promise<OpenSweep> {
  const { folder, sweep: given } = await resolveTarget(target, options);
  if (given && !folder.begun) {
    folder.refuseForeign();
    planSweep(given, target); // whatever is wrong with it is said before a GPU is tested
    const chosen = asked === undefined ? null : await chooseGpu(asked, given, target);
    const open = beginSweep(
      folder,
      withGpu(given, chosen ? { gpu: chosen.gpu.info, ...(typeof asked === 'string' ? { gpuName: asked } : {}) } : {}),
      target,
      chosen?.trains,
    );
    return { ...open, ...(chosen ? { gpu: chosen.gpu } : {}) };
  }
  const record = folder.read();
  const { gpu: before } = record.sweep;
  if ((before === undefined) !== (asked === undefined) && given)
    throw badInput(
      `${printable(folder.path)} was begun ${before ? `on the GPU ${before.adapter}; add --gpu` : 'without a GPU; leave --gpu out'}, or choose another --out.`,
    );
  if (!given && asked !== undefined && before === undefined)
    throw badInput(
      `${printable(folder.path)} was begun without a GPU; leave --gpu out, or name the sweep’s file and another --out.`,
    );
  const sweep = given ? withGpu(given, record.sweep) : record.sweep;
  const { points, entries } = planSweep(sweep, target, await onGpuOf(sweep));
  const now: SweepRecord = { ...provenance(sweep.backend), sweep };
  const known = folder.entries();
  const planned = new Set(entries.map(({ job }) => job));
  const others = known.filter(({ job }) => !planned.has(job));
  if (others.length === 0) {
    if (entries.length > known.length || canonicalJson(record.sweep) !== canonicalJson(sweep))
      folder.write(now, entries);
    return opened(entries);
  }
  if (!sameSweep(record.sweep, sweep)) throw otherSweep(folder, record, target);
  if (!mixed)
    throw badInput(
      `${printable(folder.path)} was planned by ${programText(record)}, this program is ${programText(now)}; go on with that one, choose another --out, or add --mixed to do the rest with this one.`,
    );
  const done = folder.done();
  const both = entries.map((entry, i) => (done.has(known[i]?.job ?? '') ? known[i]! : entry));
  folder.write(now, both);
  return opened(both);

  async function opened(all: readonly Entry[]): Promise<OpenSweep> {
    const gpu = before ? await (await import('./sweepGpu.ts')).sameSweepGpu(record.sweep, folder.path) : null;
    return { folder, sweep, points, entries: all, ...(gpu ? { gpu } : {}) };
  }
}

async function chooseGpu(asked: AskedGpu, sweep: Sweep, file: string): Promise<SweepGpu | null> {
  const { chooseSweepGpu } = await import('./sweepGpu.ts');
  return chooseSweepGpu(asked, sweep, {
    file,
    say: (sentence) => void process.stderr.write(`${printable(sentence)}\n`),
  });
}

/** What of a sweep a GPU trains; nothing where it has none. */
async function onGpuOf({ gpu }: Sweep): Promise<TrainsOnGpu | undefined> {
  if (!gpu) return undefined;
  const { gpuRefusal } = await import('@induction-lab/core/node-gpu');
  return (experiment) => gpuRefusal(experiment) === null;
}

/** Whether two ask for the same runs, whatever they say of them and show. */
const sameSweep = (a: Sweep, b: Sweep): boolean => canonicalJson(runsOf(a)) === canonicalJson(runsOf(b));
const runsOf = ({ about: _, tables: __, gpu: ___, gpuName: ____, ...runs }: Sweep): object => runs;

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
