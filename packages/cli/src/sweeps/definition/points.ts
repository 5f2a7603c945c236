// The points of a sweep: every combination of its axes' settings, as an experiment.

import { listed } from '@induction-lab/core/internal/names';
import { shortened } from '@induction-lab/core/internal/printable';
import { type Experiment, ExperimentError, parseExperiment } from '@induction-lab/core/node';
import { badInput } from '../../errors.ts';
import { setField } from './setField.ts';
import type { Grid, Sweep } from './sweep.ts';

/** Where a run stands in its sweep. */
export interface Point {
  readonly grid: string;
  /** Its setting on each axis of its grid, by the axis's name. */
  readonly labels: Readonly<Record<string, string>>;
  readonly set: Readonly<Record<string, unknown>>;
}

/** Every point, in the order of grids and axes, the last axis fastest. */
export const pointsOf = ({ grids }: Pick<Sweep, 'grids'>): Point[] => grids.flatMap(pointsOfGrid);

function pointsOfGrid({ name, set, axes }: Grid): Point[] {
  let points: Point[] = [{ grid: name, labels: {}, set }];
  for (const axis of axes)
    points = points.flatMap((point) =>
      axis.settings.map((setting) => ({
        grid: name,
        labels: { ...point.labels, [axis.name]: setting.label },
        set: { ...point.set, ...setting.set },
      })),
    );
  return points;
}

/** How many points there are, without making them. */
export const countPoints = ({ grids }: Pick<Sweep, 'grids'>): number =>
  grids.reduce((sum, { axes }) => sum + axes.reduce((product, { settings }) => product * settings.length, 1), 0);

/** The experiment at a point. Throws a CommandError that names the point and the field that is wrong there. */
export function experimentAt({ base }: Pick<Sweep, 'base'>, point: Point, file: string): Experiment {
  const json = structuredClone(base) as Record<string, unknown>;
  for (const [path, value] of Object.entries(point.set)) setField(json, path, value);
  try {
    return parseExperiment(json);
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    const where = Object.keys(point.set).length === 0 ? '' : `with ${setText(point)}: `;
    throw badInput(`${file}: ${where}${error.message}`);
  }
}

/** What a point sets, in a few words. */
function setText({ set }: Point): string {
  const all = Object.entries(set).map(([path, value]) => `${path} = ${JSON.stringify(value)}`);
  return shortened(listed(all, 4), 160);
}

/** A point in a few words: "width, task.periods 10–25". */
export const pointText = ({ grid, labels }: Pick<Point, 'grid' | 'labels'>): string =>
  [...(grid === '' ? [] : [grid]), ...Object.entries(labels).map(([axis, label]) => `${axis} ${label}`)].join(', ') ||
  'the base';
