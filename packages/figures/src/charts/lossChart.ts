import * as Plot from '@observablehq/plot';
import { checkAscending, checkFinite, checkNotEmpty } from '../frame/checks.ts';
import { beginFigure, type FigureOptions, finishFigure } from '../frame/figureFrame.ts';
import { chanceLabel, formatCount, formatLoss } from '../frame/text.ts';
import { drawAxisName, drawStepAxis } from '../marks/axes.ts';
import { drawEndLabels } from '../marks/endLabels.ts';
import { type Bucket, thinCurve } from '../marks/thinning.ts';
import { dashedAt, drawValuePlot, rightOf } from '../marks/valuePlot.ts';
import { drawMarks, placeMarks } from '../marks/verticalMarks.ts';
import { stepAxis } from '../scales/stepAxis.ts';

/** One evaluation of the loss, in nats per token. */
export interface LossPoint {
  /** Optimiser steps done, a whole number from 0. */
  readonly step: number;
  /** Loss on the first occurrence of the block; null where a task has none. */
  readonly lossFirst: number | null;
  /** Loss on the repeat: the second and all later occurrences. */
  readonly lossRepeat: number;
  /** Loss at the boundary between the two. */
  readonly lossBoundary?: number | null;
}

/** What `lossChart` draws. */
export interface LossRecord {
  /** In ascending order of step, at least one. */
  readonly points: readonly LossPoint[];
  /** Loss of the uniform guess, ln(vocabulary size), in nats. */
  readonly lnVocab: number;
  readonly title: string;
  readonly xScale: 'linear' | 'log';
  /** Steps worth pointing at, such as the step at which the repeat is first solved. */
  readonly marks?: readonly { readonly step: number; readonly label: string }[];
}

interface Curve {
  readonly name: 'first occurrence' | 'boundary' | 'repeat';
  readonly buckets: Bucket[];
  /** The value at the drawn curve's end. */
  readonly last: number;
}

const where = 'lossChart';
const plotHeight = 300;
const marginLeft = 44;

/**
 * Draws the training loss on the first occurrence and on the repeat (and at the boundary, where given) against the step, in nats per
 * token, with the uniform guess ln V as a reference line.
 *
 * Curves of 440 points or more are thinned to 220 stretches of the axis: the line is the mean of each stretch, a pale band its lowest
 * and highest value; the first point is drawn as it is, and the value written at the end is the mean of the last stretch. Points whose
 * value is null are skipped and the line joins their neighbours. On a logarithmic axis step 0 stands at the left edge, behind an axis
 * break.
 *
 * Throws if there are no points, if steps do not ascend, or if a value is not finite.
 */
export function lossChart(record: LossRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { points, lnVocab, title } = record;
  const axis = stepAxis(
    points.map((p) => p.step),
    record.xScale,
  );
  const curves = curvesOf(points, axis.place);
  const frame = beginFigure(where, { title, description: describe(record, curves) }, options);
  const { blue, orange, purple, muted } = frame.palette;
  const colours = { 'first occurrence': orange, boundary: purple, repeat: blue };
  const labels = [
    { text: chanceLabel(lnVocab), colour: muted, value: lnVocab },
    ...curves.map(({ name, last }) => ({
      text: `${name} ${formatLoss(last)}`,
      colour: colours[name],
      value: last,
      weight: 600,
    })),
  ];
  const right = rightOf(frame, labels);
  const top = frame.top + 20;
  drawAxisName(frame, 'loss (nats per token)');
  const x = (step: number) => marginLeft + axis.fraction(step) * (right - marginLeft);
  const marks = placeMarks(
    (record.marks ?? []).map(({ step, label }) => ({ x: x(step), label })),
    [marginLeft, right],
  );
  const box = { left: marginLeft, right, top: top + marks.height, foot: top + marks.height + plotHeight };
  drawMarks(frame, marks, { top, foot: box.foot });

  const highest =
    Math.max(lnVocab, ...curves.flatMap((c) => c.buckets.map((b) => (c.name === 'boundary' ? b.mean : b.high)))) * 1.04;
  drawStepAxis(frame, axis, box);
  const y = drawValuePlot(frame, {
    box,
    highest,
    ticks: 6,
    x: { ...axis.scale, axis: null },
    marks: [dashedAt(lnVocab, muted, '5 4'), ...curves.flatMap((c) => curveMarks(c, colours[c.name], axis.place))],
  });
  drawEndLabels(frame, labels, { box, y, inset: [4, 6] });
  return finishFigure(frame, box.foot + 54);
}

function checkRecord({ points, lnVocab, marks }: LossRecord): void {
  checkNotEmpty(where, 'points', points, 'pass at least one { step, lossFirst, lossRepeat }');
  checkFinite(where, 'lnVocab', lnVocab);
  if (lnVocab <= 0)
    throw new Error(`${where}: lnVocab is ${lnVocab}, expected more than 0; pass Math.log(vocabulary size).`);
  for (const point of points) {
    checkFinite(where, 'a step', point.step);
    if (point.step < 0) throw new Error(`${where}: a step is ${point.step}, expected 0 or more; count steps from 0.`);
    for (const name of ['lossFirst', 'lossRepeat', 'lossBoundary'] as const) {
      const value = point[name];
      if (value === undefined || (value === null && name !== 'lossRepeat')) continue;
      checkFinite(where, `${name} at step ${point.step}`, value as number);
    }
  }
  checkAscending(
    where,
    'step',
    points.map((p) => p.step),
  );
  for (const mark of marks ?? []) checkFinite(where, `the step of mark "${mark.label}"`, mark.step);
}

function curvesOf(points: readonly LossPoint[], place: (step: number) => number): Curve[] {
  const curve = (name: Curve['name'], value: (p: LossPoint) => number | null | undefined): Curve[] => {
    const present = points.flatMap((p) => {
      const y = value(p);
      return y === null || y === undefined ? [] : [{ x: p.step, y }];
    });
    if (present.length === 0) return [];
    const thinned = thinCurve(present, place);
    return [{ name, buckets: thinned, last: thinned[thinned.length - 1]!.mean }];
  };
  return [
    ...curve('boundary', (p) => p.lossBoundary),
    ...curve('first occurrence', (p) => p.lossFirst),
    ...curve('repeat', (p) => p.lossRepeat),
  ];
}

// Plot gets places on the axis, not steps, so that step 0 has one on a logarithmic axis. The boundary is one position among many, so its
// loss is noisy: it is drawn thin and without a band.
function curveMarks({ name, buckets }: Curve, colour: string, place: (step: number) => number): Plot.Markish[] {
  const data = buckets.map((b) => ({ ...b, x: place(b.x) }));
  if (data.length === 1) return [Plot.dot(data, { x: 'x', y: 'mean', r: 4, fill: colour })];
  if (name === 'boundary')
    return [Plot.lineY(data, { x: 'x', y: 'mean', stroke: colour, strokeWidth: 1, strokeDasharray: '2 2' })];
  const band = data.some((b) => b.high > b.low)
    ? [Plot.areaY(data, { x: 'x', y1: 'low', y2: 'high', fill: colour, fillOpacity: 0.2 })]
    : [];
  return [...band, Plot.lineY(data, { x: 'x', y: 'mean', stroke: colour, strokeWidth: 2 })];
}

function describe({ points, lnVocab }: LossRecord, curves: readonly Curve[]): string {
  const half = lnVocab / 2;
  const lastOf = (name: Curve['name']) => curves.find((curve) => curve.name === name)?.last;
  const start = points[0]!.lossRepeat;
  const end = lastOf('repeat')!;
  const [from, to] = [formatLoss(start), formatLoss(end)];
  const lastStep = formatCount(points[points.length - 1]!.step);
  const change =
    points.length === 1
      ? `is ${from} nats at step ${lastStep}`
      : `${end < start ? 'falls' : 'goes'} from ${from} to ${to} nats by step ${lastStep}`;
  const crossing = points.find((p) => p.lossRepeat < half);
  const crossed =
    crossing === undefined
      ? `it is never below half of chance, ${formatLoss(half)} nats`
      : `it is first below half of chance, ${formatLoss(half)} nats, at step ${formatCount(crossing.step)}`;
  const endFirst = lastOf('first occurrence');
  const firstOccurrence =
    endFirst === undefined ? '' : ` Loss on the first occurrence ends at ${formatLoss(endFirst)} nats.`;
  return `Loss on the repeat ${change}; ${crossed}.${firstOccurrence} Reference line: ${chanceLabel(lnVocab)}.`;
}
