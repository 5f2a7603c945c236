// The results of a sweep as rows: one a run, with where it stands in the sweep, what was measured, and what measured it.
import { listed } from '@induction-lab/core/internal/names';
import { badInput } from '../../errors.ts';
import { type Point, pointText } from '../definition/points.ts';
import type { OpenSweep } from '../folder/openSweep.ts';
import type { Cell, RunRow } from '../jobs/cells.ts';
import { gpuText, type JobResult, programText } from '../jobs/jobResult.ts';
import type { Entry } from '../jobs/plan.ts';
import { outcomeOf } from './outcomes.ts';

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

export interface ReadingOptions {
  /** Take results of several versions of the program together. */
  readonly mixed?: boolean | undefined;
  readonly onRun?: ((done: number, of: number) => void) | undefined;
}

/**
 * Calls `visit` for every run in the order of the sweep, with its row and, where it is done, its result. Each result is read
 * and checked when its turn comes, and not kept; `onRun` hears how many have had their turn. Throws a CommandError where results come from several versions of the
 * program and `mixed` does not allow that.
 */
export function eachRun(
  { folder, sweep, points, entries }: OpenSweep,
  { mixed = false, onRun }: ReadingOptions,
  visit: (row: RunRow, result: JobResult | null, entry: Entry) => void,
): Collected {
  const [done, failed] = [folder.done(), folder.failed()];
  const programs = new Map<string, string>();
  const [missing, failures]: [string[], string[]] = [[], []];
  const grids = sweep.grids.length > 1;
  let count = 0;
  for (const [i, entry] of entries.entries()) {
    onRun?.(i, entries.length);
    const point = points[entry.point]!;
    const place = `${pointText(point)}, seed ${entry.seed}`;
    const settings = Object.fromEntries(Object.entries({ ...namesOf(point), ...point.set }).flatMap(cellsOf));
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
    `${path} holds results of several versions of the program or of CPU and GPU (${listed(
      [...programs].map(([program, place]) => `${program}: ${place}`),
      2,
    )}); add --mixed to take them together, marked, or do the sweep again with one.`,
  );

/** What axes call a setting that is more than the value of a field. */
const namesOf = ({ labels, set }: Point): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([axis]) => !Object.hasOwn(set, axis)));

/** A field as a cell: what is no single value as JSON, and none for a whole section, which its setting's name stands for. */
const cellsOf = ([field, value]: [string, unknown]): [string, Cell][] => {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return [[field, value as Cell]];
  return !field.includes('.') && !Array.isArray(value) ? [] : [[field, JSON.stringify(value)]];
};

/** What was measured, as cells. Losses in nats, scores in shares of attention; of heads the largest score. */
function measuredCells({ measured, seconds }: JobResult): Record<string, Cell> {
  const { losses, drop, audit, scores, proof, causes, picture, phaseChange, weights } = measured;
  const largest = (name: 'previousToken' | 'inductionStripe' | 'inductionExcess'): Cell =>
    scores ? Math.max(...scores.map((head) => head[name])) : null;
  return {
    ...Object.fromEntries(Object.entries(losses ?? {}).map(([segment, loss]) => [`loss.${segment}`, loss])),
    ...(drop && { dropStep: drop.step, relapses: drop.relapses }),
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
      outcome: outcomeOf(measured),
      circuit: proof.kind ?? 'none',
      circuitHeads: proof.heads.map(({ label, role }) => `${label} ${role}`).join('; '),
      kept: proof.kept,
      lost: proof.lost,
      minimalHeads: proof.minimal,
    }),
    ...(causes && prefixed('causes', causes)),
    ...(picture && prefixed('picture', picture)),
    ...(phaseChange && { phaseChangeStep: phaseChange.step }),
    seconds,
    weights,
  };
}

const prefixed = (name: string, cells: RunRow): RunRow =>
  Object.fromEntries(Object.entries(cells).map(([key, cell]) => [`${name}.${key}`, cell]));

const programCells = (
  { versions, commit, kernels, backend, gpu, sha256 }: JobResult,
  { job }: Entry,
): Record<string, Cell> => ({
  program: versions.inductionLab,
  commit,
  kernels,
  backend,
  ...(gpu ? { gpu: gpuText(gpu) } : {}),
  node: versions.node,
  sha256,
  job,
});
