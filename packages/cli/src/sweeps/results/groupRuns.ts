// The runs of a sweep by setting: along one axis, in a panel for each combination of the others.
import { nearest } from '@induction-lab/core/internal/names';
import { badInput } from '../../errors.ts';
import type { Axis } from '../definition/axes.ts';
import type { Point } from '../definition/points.ts';
import type { Grid } from '../definition/sweep.ts';
import type { Curves } from '../jobs/history.ts';
import type { JobResult } from '../jobs/jobResult.ts';
import type { RunRow } from './runRows.ts';

/** A finished run, as figures and tables need it. */
export interface FinishedRun {
  readonly point: Point;
  readonly seed: number;
  readonly row: RunRow;
  readonly curve: { readonly steps: readonly number[]; readonly losses: readonly (number | null)[] } | null;
}

/** The runs of one setting of the axis along which a figure goes. */
export interface Group {
  readonly label: string;
  readonly runs: readonly FinishedRun[];
}

export interface Panel {
  /** The settings of the other axes; empty where there are none. */
  readonly title: string;
  readonly groups: readonly Group[];
}

/** A grid's runs, ready to draw. */
export interface GroupedGrid {
  readonly name: string;
  /** The axis along which its groups go. */
  readonly axis: string;
  readonly panels: readonly Panel[];
}

/** More settings than this are put together by their order into so many groups. */
const MOST_GROUPS = 16;
const BINS = 6;

/** Groups the runs of a grid along the axis of this name; along its first unless given. Refuses an axis that it does not have. */
export function groupRuns(grid: Grid, runs: readonly FinishedRun[], along?: string): GroupedGrid {
  const names = grid.axes.map(({ name }) => name);
  if (along !== undefined && names.length > 0 && !names.includes(along))
    throw badInput(
      `The sweep has no axis "${along}"; the nearest is "${nearest(along, names, 1)[0]}" of ${names.join(', ')}.`,
    );
  const axis = grid.axes.find(({ name }) => name === (along ?? names[0]));
  const others = grid.axes.filter((other) => other !== axis);
  const mine = runs.filter(({ point }) => point.grid === grid.name);
  const [label, labels] = axis ? binned(axis) : [() => 'all', ['all']];
  const panels = new Map<string, FinishedRun[]>(titlesOf(others).map((title) => [title, []]));
  for (const run of mine) panels.get(titleOf(run.point, others))?.push(run);
  return {
    name: grid.name,
    axis: axis?.name ?? 'runs',
    panels: [...panels]
      .filter(([, own]) => own.length > 0 || panels.size === 1)
      .map(([title, own]) => ({
        title,
        groups: labels.map((text) => ({
          label: text,
          runs: own.filter(({ point }) => label(axis ? point.labels[axis.name]! : '') === text),
        })),
      })),
  };
}

/** Which group a setting's label belongs to, and all groups: the settings themselves where they are few. */
function binned({ name, settings }: Axis): [of: (label: string) => string, all: string[]] {
  const labels = settings.map(({ label }) => label);
  if (labels.length <= MOST_GROUPS) return [(label) => label, labels];
  const value = (i: number): number => Number(Object.values(settings[i]!.set)[0]);
  const order = labels.map((_, i) => i);
  if (order.every((i) => Number.isFinite(value(i)))) order.sort((a, b) => value(a) - value(b));
  const bins = Array.from({ length: BINS }, (_, b) =>
    order.slice(Math.floor((b * order.length) / BINS), Math.floor(((b + 1) * order.length) / BINS)),
  );
  const text = (bin: readonly number[]): string => `${labels[bin[0]!]} … ${labels[bin.at(-1)!]}`;
  const of = new Map(bins.flatMap((bin) => bin.map((i) => [labels[i]!, text(bin)] as const)));
  return [(label) => of.get(label) ?? name, [...new Set(bins.map(text))]];
}

/** The titles of panels in the order of the axes; axes of many settings are binned as well. */
function titlesOf(axes: readonly Axis[]): string[] {
  let titles = [''];
  for (const axis of axes) {
    const [, all] = binned(axis);
    titles = titles.flatMap((title) => all.map((label) => joined(title, axis.name, label)));
  }
  return titles;
}

const titleOf = ({ labels }: Point, axes: readonly Axis[]): string =>
  axes.reduce((title, axis) => joined(title, axis.name, binned(axis)[0](labels[axis.name]!)), '');

/** Fields are named by their last part: "learningRate 0.005". */
const joined = (title: string, axis: string, label: string): string =>
  `${title === '' ? '' : `${title}, `}${shortName(axis)} ${label}`;

/** `training.learningRate` as a figure calls it. */
export const shortName = (field: string): string => field.split('.').at(-1)!;

/** The curve of a segment of a result; null where it was not measured. */
export function curveOf({ measured }: JobResult, segment: string): FinishedRun['curve'] {
  const curves: Curves | undefined = measured.curves;
  const losses = curves?.segments[segment];
  return curves && losses ? { steps: curves.steps, losses } : null;
}
