// The figures of a sweep: what became of the runs, every run as a dot with the median and its interval, losses over steps.
import { guessingLoss, medianEstimate, VERDICTS } from '@induction-lab/core/node';
import {
  type DynamicsLine,
  dynamicsChart,
  MOST_KINDS,
  type RunsBySettingRecord,
  runsBySettingChart,
  sharesChart,
} from '@induction-lab/figures/node';
import { type Draw, figureOptions } from '../../figures/drawing.ts';
import { experimentAt } from '../definition/points.ts';
import type { OpenSweep } from '../folder/openSweep.ts';
import { segmentOf } from './finishedRuns.ts';
import { type Group, type GroupedGrid, type Panel, shortName } from './groupRuns.ts';
import { kindsOf, OUTCOMES } from './outcomes.ts';

/** What a run may have become, by the column that says so. */
const KINDS = {
  outcome: { title: 'What the runs became', order: OUTCOMES },
  verdict: { title: 'Verdicts on the runs', order: VERDICTS as readonly string[] },
} as const;
type KindColumn = keyof typeof KINDS;

/** Numbers of a run that are drawn as dots, where they were measured. */
const VALUES: readonly { column: string; title: string; yAxis: string; unit: string; scale: 'linear' | 'log' }[] = [
  {
    column: 'otherPeriodLoss',
    title: 'Loss at other periods',
    yAxis: 'loss on the repeat',
    unit: 'nats',
    scale: 'log',
  },
  {
    column: 'inductionExcess',
    title: 'Attention that follows the period',
    yAxis: 'largest excess of a head',
    unit: 'share of attention',
    scale: 'linear',
  },
  { column: 'phaseChangeStep', title: 'Step of the phase change', yAxis: 'training step', unit: '', scale: 'linear' },
];

/** Panels of one figure, and lines of one panel: more cannot be read. */
const MOST_PANELS = 12;
const MOST_LINES = 8;

export interface SweepFiguresOptions {
  readonly lnVocab: number;
  /** What the curves show, such as "loss on the repeat". */
  readonly curve: string;
}

/** All figures of a grid of a sweep, by name: what guessing costs, and which losses are drawn, by its first setting. */
export function figuresOf(open: OpenSweep, grid: GroupedGrid): Readonly<Record<string, Draw>> {
  const { model } = experimentAt(open.sweep, open.points[0]!, open.sweep.name);
  const curve = `training loss (${segmentOf(open).title})`;
  return sweepFigures(grid, { lnVocab: guessingLoss(model), curve });
}

/** The same by what it needs of the sweep. */
export function sweepFigures(grid: GroupedGrid, options: SweepFiguresOptions): Readonly<Record<string, Draw>> {
  const prefix = grid.name === '' ? '' : `${grid.name}-`;
  const by = `by ${shortName(grid.axis)}${grid.name === '' ? '' : ` (${grid.name})`}`;
  const figures: Record<string, Draw | null> = {};
  const byAll = `by ${andAll(grid.margins.map(({ axis }) => shortName(axis)))}${grid.name === '' ? '' : ` (${grid.name})`}`;
  for (const column of Object.keys(KINDS) as KindColumn[])
    figures[`${prefix}${column}`] = sharesFigure(grid, column, grid.rows ? byAll : by);
  for (const value of VALUES)
    grid.panels.slice(0, MOST_PANELS).forEach((panel, i) => {
      const name = `${prefix}${value.column}${grid.panels.length > 1 ? `-${i + 1}` : ''}`;
      figures[name] = dotsFigure(grid, panel, { value, by, lnVocab: options.lnVocab });
    });
  figures[`${prefix}curves`] = curvesFigure(grid, options.curve, by);
  return Object.fromEntries(Object.entries(figures).filter((entry): entry is [string, Draw] => entry[1] !== null));
}

/** "a, b and c". */
const andAll = (names: readonly string[]): string => names.join(', ').replace(/, (?=[^,]*$)/, ' and ');

function sharesFigure({ axis, panels, rows }: GroupedGrid, column: KindColumn, by: string): Draw | null {
  const runs = panels.flatMap(({ groups }) => groups.flatMap((group) => group.runs));
  const kinds = kindsOf(runs.flatMap(({ row }) => row[column] ?? []).map(String), KINDS[column].order);
  if (kinds.length === 0 || kinds.length > MOST_KINDS) return null;
  const across = rows ? panels.length / rows.length : 1;
  const shownRows = Math.floor(MOST_PANELS / across);
  const shown = across * shownRows;
  const record = {
    title: `${KINDS[column].title}, ${by}`,
    xAxis: shortName(axis),
    kinds,
    ...(rows ? { rows: rows.slice(0, shownRows) } : {}),
    panels: panels.slice(0, shown).map(({ column: title, groups }) => ({
      title,
      groups: groups.map(({ label, runs: own }) => ({
        x: label,
        counts: Object.fromEntries(kinds.map((kind) => [kind, own.filter(({ row }) => row[column] === kind).length])),
      })),
    })),
  };
  return (theme, width) => sharesChart(record, figureOptions(theme, width));
}

function dotsFigure(
  { axis, panels }: GroupedGrid,
  { title, groups }: Panel,
  { value, by, lnVocab }: { value: (typeof VALUES)[number]; by: string; lnVocab: number },
): Draw | null {
  const { column, scale } = value;
  const numberOf = (run: Group['runs'][number]): number =>
    typeof run.row[column] === 'number' ? (run.row[column] as number) : Number.NaN;
  const drawable = (x: number): boolean => Number.isFinite(x) && (scale === 'linear' || x > 0);
  if (!groups.some(({ runs }) => runs.some((run) => drawable(numberOf(run))))) return null;
  const all = panels
    .flatMap((panel) => panel.groups.flatMap(({ runs }) => runs))
    .filter((run) => drawable(numberOf(run)));
  const loss = column === 'otherPeriodLoss';
  const values = [...all.map(numberOf), ...(loss ? [lnVocab] : [])];
  const record: RunsBySettingRecord = {
    title: `${value.title}, ${by}${title === '' ? '' : `: ${title}`}`,
    xAxis: shortName(axis),
    yAxis: value.yAxis,
    ...(value.unit === '' ? {} : { unit: value.unit }),
    scale,
    kinds: kindsOf(
      all.map(({ row }) => String(row.verdict ?? 'run')),
      KINDS.verdict.order,
    ),
    ...(panels.length > 1 ? { domain: sharedDomain(values, scale) } : {}),
    ...(loss ? { reference: [{ value: lnVocab, label: 'ln V' }] } : {}),
    groups: groups.map(({ label, runs }) => {
      const shown = runs.filter((run) => drawable(numberOf(run)));
      return {
        x: label,
        runs: shown.map((run) => ({
          value: numberOf(run),
          label: `seed ${run.seed}`,
          kind: String(run.row.verdict ?? 'run'),
        })),
        summary: medianEstimate(shown.map(numberOf)),
      };
    }),
  };
  return (theme, width) => runsBySettingChart(record, figureOptions(theme, width));
}

/** The same axis for panels that are to be compared. */
function sharedDomain(values: readonly number[], scale: 'linear' | 'log'): [number, number] {
  const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  if (scale === 'log') return [low / 1.3, high * 1.3];
  const room = 0.05 * (Math.max(0, high) - Math.min(0, low) || 1);
  return [low < 0 ? low - room : 0, high > 0 ? high + room : 1];
}

function curvesFigure({ panels }: GroupedGrid, curve: string, by: string): Draw | null {
  const drawn = panels.slice(0, MOST_PANELS).flatMap(({ title, groups }) => {
    const lines = evenly(groups, MOST_LINES).flatMap(({ label, runs }) => medianCurve(label, runs));
    return lines.length === 0 ? [] : [{ title: title === '' ? curve : title, unit: 'nats, median of the runs', lines }];
  });
  if (drawn.length === 0) return null;
  const record = { title: `${curve[0]!.toUpperCase()}${curve.slice(1)} over steps, ${by}`, panels: drawn, events: [] };
  return (theme, width) => dynamicsChart(record, figureOptions(theme, width));
}

/** At most so many, the first and the last among them. */
const evenly = <T>(all: readonly T[], most: number): readonly T[] =>
  all.length <= most
    ? all
    : Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]!);

/** The median of the runs at each step where they have one; none where none has. Runs of other lengths are left out. */
function medianCurve(label: string, runs: Group['runs']): DynamicsLine[] {
  const curves = runs.flatMap(({ curve }) => curve ?? []);
  const steps = curves[0]?.steps;
  if (!steps) return [];
  const same = curves.filter((curve) => curve.steps.length === steps.length && curve.steps.at(-1) === steps.at(-1));
  const values = steps.map((_, i) => medianEstimate(same.map(({ losses }) => losses[i] ?? Number.NaN)).value);
  return values.some(Number.isFinite) ? [{ label, steps, values, emphasis: true }] : [];
}
