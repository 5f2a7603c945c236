import * as Plot from '@observablehq/plot';
import { checkAscending, checkFinite, checkNotEmpty, checkWhole } from '../frame/checks.ts';
import {
  beginFigure,
  draw,
  drawKey,
  type FigureOptions,
  type Frame,
  finishFigure,
  swatchSize,
} from '../frame/figureFrame.ts';
import { chanceLabel, formatLoss, thresholdLabel } from '../frame/text.ts';
import { drawAxisName, drawNameBelow } from '../marks/axes.ts';
import { drawEndLabels } from '../marks/endLabels.ts';
import { dashedAt, drawValuePlot, rightOf } from '../marks/valuePlot.ts';

/** Losses of one model at one period, in nats per token. */
export interface PeriodPoint {
  /** Length of the repeated block, in tokens. */
  readonly period: number;
  /** Loss on the repeat, nats. */
  readonly lossRepeat: number;
  /** Loss at the last query of the first copy, nats. */
  readonly lossBoundary?: number | null;
  /** Whether the model counts as solving this period; drawn as a filled dot, a hollow one otherwise. */
  readonly solved: boolean;
}

/** What `lossByPeriodChart` draws. */
export interface LossByPeriodRecord {
  /** In ascending order of period, at least one. */
  readonly points: readonly PeriodPoint[];
  /** Loss of the uniform guess, ln(vocabulary size), in nats. */
  readonly lnVocab: number;
  /** The loss below which a period counts as solved, in nats; half of ln V by our convention. */
  readonly threshold: number;
  /** The figure’s title. */
  readonly title: string;
}

const where = 'lossByPeriodChart';
const plotHeight = 260;
const marginLeft = 44;

/**
 * Draws the loss on the repeat (and at the boundary, where given) at every period tested, in nats per token, with the threshold for
 * "solved" and the uniform guess ln V as reference lines. Filled dots are solved, hollow ones are not, as the record says.
 *
 * Throws if there are no points, if periods do not ascend, or if a value is not finite.
 */
export function lossByPeriodChart(record: LossByPeriodRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { points, lnVocab, threshold, title } = record;
  const frame = beginFigure(where, { title, description: describe(record) }, options);
  const { palette } = frame;
  drawKey(frame, keyOf(frame, points));

  const boundary = points.flatMap(({ period, lossBoundary }) =>
    typeof lossBoundary === 'number' ? [{ period, loss: lossBoundary }] : [],
  );
  const labels = [
    { text: chanceLabel(lnVocab), colour: palette.muted, value: lnVocab },
    { text: thresholdLabel(threshold, lnVocab), colour: palette.muted, value: threshold },
    { text: 'repeat', colour: palette.blue, weight: 600, value: points[points.length - 1]!.lossRepeat },
    ...boundary.slice(-1).map(({ loss }) => ({ text: 'boundary', colour: palette.purple, weight: 600, value: loss })),
  ];
  const top = frame.top + 26;
  const box = { left: marginLeft, right: rightOf(frame, labels), top, foot: top + plotHeight };
  drawAxisName(frame, 'loss (nats per token)');

  const highest =
    Math.max(lnVocab, threshold, ...points.map((p) => p.lossRepeat), ...boundary.map((p) => p.loss)) * 1.06;
  const first = points[0]!.period;
  const last = points[points.length - 1]!.period;
  const y = drawValuePlot(frame, {
    box,
    highest,
    ticks: 6,
    below: 24,
    x: { domain: first === last ? [first - 1, last + 1] : [first, last], inset: 12, label: null },
    marks: [
      Plot.axisX({ tickSize: 5, color: palette.muted, ticks: periodTicks(points), tickFormat: String, label: null }),
      Plot.ruleY([0], { stroke: palette.muted }),
      dashedAt(lnVocab, palette.muted, '5 4'),
      dashedAt(threshold, palette.muted, '1.5 3'),
      Plot.lineY(boundary, {
        x: 'period',
        y: 'loss',
        stroke: palette.purple,
        strokeWidth: 1.5,
        strokeDasharray: '2 3',
      }),
      Plot.dot(boundary, { x: 'period', y: 'loss', r: 2, fill: palette.purple }),
      Plot.lineY(points, { x: 'period', y: 'lossRepeat', stroke: palette.blue, strokeWidth: 1.5 }),
      Plot.dot(points, {
        x: 'period',
        y: 'lossRepeat',
        r: 4,
        stroke: palette.blue,
        strokeWidth: 1.75,
        fill: (p: PeriodPoint) => (p.solved ? palette.blue : palette.background),
      }),
    ],
  });
  drawNameBelow(frame, 'period (tokens)', { ...box, y: box.foot + 40 });
  drawEndLabels(frame, labels, { box, y, inset: [4, 6] });
  return finishFigure(frame, box.foot + 54);
}

function checkRecord({ points, lnVocab, threshold }: LossByPeriodRecord): void {
  checkNotEmpty(where, 'points', points, 'pass at least one { period, lossRepeat, solved }');
  checkFinite(where, 'lnVocab', lnVocab);
  checkFinite(where, 'threshold', threshold);
  for (const { period, lossRepeat, lossBoundary } of points) {
    checkWhole(where, 'a period', period, 1);
    checkFinite(where, `lossRepeat at period ${period}`, lossRepeat);
    if (lossBoundary !== undefined && lossBoundary !== null)
      checkFinite(where, `lossBoundary at period ${period}`, lossBoundary);
  }
  checkAscending(
    where,
    'period',
    points.map((p) => p.period),
  );
}

function keyOf(frame: Frame, points: readonly PeriodPoint[]) {
  const dot = (fill: string) => (x: number, y: number) => {
    const centre = swatchSize / 2;
    draw(frame, 'circle', {
      cx: x + centre,
      cy: y + centre,
      r: 4,
      fill,
      stroke: frame.palette.blue,
      'stroke-width': 1.75,
    });
  };
  const count = points.filter((p) => p.solved).length;
  return [
    { text: `solved (${count} of ${points.length} periods)`, swatch: dot(frame.palette.blue) },
    ...(count < points.length ? [{ text: 'not solved', swatch: dot(frame.palette.background) }] : []),
  ];
}

/** Every period where there are few, else round numbers; always whole. */
function periodTicks(points: readonly PeriodPoint[]): number[] {
  if (points.length <= 12) return points.map((p) => p.period);
  const first = points[0]!.period;
  const last = points[points.length - 1]!.period;
  const step = [2, 5, 10, 20, 50, 100, 200, 500].find((s) => (last - first) / s <= 10) ?? 1000;
  const start = Math.ceil(first / step) * step;
  return Array.from({ length: Math.floor((last - start) / step) + 1 }, (_, i) => start + i * step);
}

function describe(record: LossByPeriodRecord): string {
  const { points, threshold, lnVocab } = record;
  const solved = points.filter((p) => p.solved).map((p) => p.period);
  const best = points.reduce((a, b) => (b.lossRepeat < a.lossRepeat ? b : a));
  const worst = points.reduce((a, b) => (b.lossRepeat > a.lossRepeat ? b : a));
  const list = solved.length === 0 ? 'none' : runsOf(solved, points);
  return (
    `Loss on the repeat at ${points.length} periods from ${points[0]!.period} to ${points[points.length - 1]!.period}. ` +
    `Solved: ${list}. Lowest ${formatLoss(best.lossRepeat)} nats at period ${best.period}, highest ${formatLoss(worst.lossRepeat)} ` +
    `at period ${worst.period}. Reference lines: ${thresholdLabel(threshold, lnVocab)}; ${chanceLabel(lnVocab)}.`
  );
}

/** Names tested periods, neighbours as ranges: "5 to 9, 25". */
function runsOf(solved: readonly number[], points: readonly PeriodPoint[]): string {
  const index = new Map(points.map((p, i) => [p.period, i]));
  const runs: number[][] = [];
  for (const period of solved) {
    const run = runs[runs.length - 1];
    if (run && index.get(period) === index.get(run[run.length - 1]!)! + 1) run.push(period);
    else runs.push([period]);
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]} to ${run[run.length - 1]}` : run.join(', '))).join(', ');
}
