// How a sweep stands, by what lies in its folder: quick for a hundred thousand jobs.
import { statSync } from 'node:fs';
import type { Entry } from '../jobs/plan.ts';
import type { OpenSweep } from './openSweep.ts';

export interface SweepStatus {
  readonly jobs: number;
  readonly done: number;
  readonly failed: number;
  /** Jobs a minute over the last results, at most ten minutes of them; null where fewer than two came in the last hour. */
  readonly perMinute: number | null;
  /** Seconds until all are done at that rate. */
  readonly secondsLeft: number | null;
  /** Failures with their sentence, in the order of the sweep. */
  readonly failures: readonly { readonly entry: Entry; readonly error: string }[];
}

/** Files whose times are looked at: enough to tell a rate, few enough to be quick. */
const LOOKED_AT = 5000;
const WINDOW = 10 * 60_000;
const RECENT = 60 * 60_000;

export function sweepStatus({ folder, entries }: OpenSweep, now: number = Date.now()): SweepStatus {
  const byJob = new Map<string, Entry>();
  for (const entry of entries) if (!byJob.has(entry.job)) byJob.set(entry.job, entry);
  const done = [...folder.done()].filter((id) => byJob.has(id));
  const failed = folder.failed();
  const failures = [...byJob.values()].flatMap((entry) =>
    failed.has(entry.job) ? [{ entry, error: folder.readFailure(entry.job).error }] : [],
  );
  // Ids are hashes: the first of them are as good a sample as any.
  const sample = done.slice(0, LOOKED_AT);
  const times = sample.map((id) => statSync(folder.resultPath(id)).mtimeMs);
  const perMinute = rateOf(times, now, done.length / Math.max(1, sample.length));
  const left = byJob.size - done.length - failures.length;
  return {
    jobs: byJob.size,
    done: done.length,
    failed: failures.length,
    perMinute,
    secondsLeft: left === 0 ? 0 : perMinute === null ? null : (60 * left) / perMinute,
    failures,
  };
}

function rateOf(times: readonly number[], now: number, eachStandsFor: number): number | null {
  const latest = times.reduce((a, b) => Math.max(a, b), 0);
  if (now - latest > RECENT) return null;
  const recent = times.filter((time) => latest - time <= WINDOW);
  const span = latest - recent.reduce((a, b) => Math.min(a, b), latest);
  return recent.length < 2 || span === 0 ? null : ((recent.length - 1) * eachStandsFor * 60_000) / span;
}
