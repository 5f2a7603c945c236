// The results of a sweep as rows: one a run, with where it stands in the sweep, what was measured, and what measured it.
import { listed } from '@induction-lab/core/internal/names';
import { badInput } from '../../errors.ts';
import { pointText } from '../definition/points.ts';
import type { OpenSweep } from '../folder/openSweep.ts';
import { type JobResult, programText } from '../jobs/jobResult.ts';
import type { Entry } from '../jobs/plan.ts';

/** What a cell holds. */
export type Cell = string | number | boolean | null;

/** A run by the names of the table's columns. */
export type RunRow = Readonly<Record<string, Cell>>;

/** How complete a table is. */
export interface Collected {
  readonly runs: number;
  readonly done: number;
  /** Runs that are missing or have failed, in words. */
  readonly missing: readonly string[];
  readonly failed: readonly string[];
  /** Versions of the program that results come from. */
  readonly programs: readonly string[];
}

/**
 * Calls `visit` for every run in the order of the sweep, with its row and, where it is done, its result. Each result is read
 * and checked when its turn comes, and not kept. Throws a CommandError where results come from several versions of the
 * program and `mixed` does not allow that.
 */
export function eachRun(
  { folder, sweep, points, entries }: OpenSweep,
  { mixed = false }: { mixed?: boolean | undefined },
  visit: (row: RunRow, result: JobResult | null, entry: Entry) => void,
): Collected {
  const [done, failed] = [folder.done(), folder.failed()];
  const programs = new Map<string, string>();
  const [missing, failures]: [string[], string[]] = [[], []];
  const grids = sweep.grids.length > 1;
  let count = 0;
  for (const entry of entries) {
    const point = points[entry.point]!;
    const place = `${pointText(point)}, seed ${entry.seed}`;
    const settings = Object.fromEntries(Object.entries(point.set).map(([field, value]) => [field, cellOf(value)]));
    const head = { ...(grids ? { grid: point.grid } : {}), ...settings, seed: entry.seed };
    const result = done.has(entry.job) ? folder.readResult(entry.job) : null;
    if (result) {
      count++;
      const program = programText(result);
      if (!programs.has(program)) programs.set(program, place);
      if (programs.size > 1 && !mixed) throw mixedPrograms(folder.path, programs);
      visit(
        { ...head, status: 'done', error: null, ...measuredCells(result), ...programCells(result, entry) },
        result,
        entry,
      );
    } else if (failed.has(entry.job)) {
      const failure = folder.readFailure(entry.job);
      failures.push(`${place}: ${failure.error}`);
      visit({ ...head, status: 'failed', error: failure.error, job: entry.job }, null, entry);
    } else {
      missing.push(place);
      visit({ ...head, status: 'missing', error: null, job: entry.job }, null, entry);
    }
  }
  return { runs: entries.length, done: count, missing, failed: failures, programs: [...programs.keys()] };
}

const mixedPrograms = (path: string, programs: ReadonlyMap<string, string>): Error =>
  badInput(
    `${path} holds results of several versions of the program (${listed(
      [...programs].map(([program, place]) => `${program}: ${place}`),
      2,
    )}); add --mixed to take them together, marked, or do the sweep again with one.`,
  );

/** A value of a field as a cell: what is no single value as JSON. */
const cellOf = (value: unknown): Cell =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value) ? (value as Cell) : JSON.stringify(value);

/** What was measured, as cells. Losses in nats, scores in shares of attention; of heads the largest score. */
function measuredCells({ measured, seconds }: JobResult): Record<string, Cell> {
  const { losses, audit, scores, proof, phaseChange, weights } = measured;
  const largest = (name: 'previousToken' | 'inductionStripe' | 'inductionExcess'): Cell =>
    scores ? Math.max(...scores.map((head) => head[name])) : null;
  return {
    ...Object.fromEntries(Object.entries(losses ?? {}).map(([segment, loss]) => [`loss.${segment}`, loss])),
    ...(audit && {
      verdict: audit.verdict,
      closeCall: audit.close,
      otherPeriodLoss: audit.otherPeriodLoss,
      bestPeriod: audit.best,
      solvedPeriods: audit.solvedPeriods,
      solvedByContent: audit.byContent,
      solvedByPosition: audit.byPosition,
      followers: audit.followers.length,
      positionalHeads: audit.positionalHeads.length,
    }),
    ...(scores && {
      previousToken: largest('previousToken'),
      inductionStripe: largest('inductionStripe'),
      inductionExcess: largest('inductionExcess'),
    }),
    ...(proof && {
      circuit: proof.kind ?? 'none',
      circuitHeads: proof.heads.map(({ label, role }) => `${label} ${role}`).join('; '),
      kept: proof.kept,
      lost: proof.lost,
      minimalHeads: proof.minimal,
    }),
    ...(phaseChange && { phaseChangeStep: phaseChange.step }),
    seconds,
    weights,
  };
}

const programCells = (
  { versions, commit, kernels, backend, sha256 }: JobResult,
  { job }: Entry,
): Record<string, Cell> => ({
  program: versions.inductionLab,
  commit,
  kernels,
  backend,
  node: versions.node,
  sha256,
  job,
});
