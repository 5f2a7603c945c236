import * as Plot from '@observablehq/plot';
import { checkAscending, checkFinite, checkNotEmpty } from '../frame/checks.ts';
import { beginFigure, type FigureOptions, finishFigure } from '../frame/figureFrame.ts';
import { chanceLabel, formatCount, formatLoss } from '../frame/text.ts';
import type { Palette } from '../frame/theme.ts';
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
  /** Mean loss over each segment, by its name; null or missing where there is none. */
  readonly segments: Readonly<Record<string, number | null>>;
}

/** A named part of the positions, whose loss is a curve. */
export interface LossSegment {
  /** Its name in the points. */
  readonly name: string;
  /** As in "loss on the repeat". */
  readonly title: string;
  /** What a model that has learned its task can tell: the first such segment is what the chart is about. */
  readonly predictable?: true;
  /** One position of each sequence, so that its loss is noisy: it is drawn thin. */
  readonly single?: true;
}

/** What `lossChart` draws. */
export interface LossRecord {
  /** In ascending order of step, at least one. */
  readonly points: readonly LossPoint[];
  /** The segments to draw, in their order. */
  readonly segments: readonly LossSegment[];
  /** Loss of the uniform guess, ln(vocabulary size), in nats. */
  readonly lnVocab: number;
  /** The figure’s title. */
  readonly title: string;
  readonly xScale: 'linear' | 'log';
  /** Height of the plot in pixels, default 300. */
  readonly plotHeight?: number;
  /** Steps worth pointing at, such as the step at which the repeat is first solved. */
  readonly marks?: readonly { readonly step: number; readonly label: string }[];
}

interface Curve extends LossSegment {
  /** Whether it is what the chart is about. */
  readonly main: boolean;
  readonly colour: string;
  readonly buckets: Bucket[];
  /** The value at the drawn curve's end. */
  readonly last: number;
}

const where = 'lossChart';
const marginLeft = 44;

/**
 * Draws the training loss on each segment of the sequences against the step, in nats per token, with the uniform guess ln V as a
 * reference line.
 *
 * Curves of 440 points or more are thinned to 220 stretches of the axis: the line is the mean of each stretch, a pale band its lowest
 * and highest value; the first point is drawn as it is, and the value written at the end is the mean of the last stretch. Points whose
 * value is null are skipped and the line joins their neighbours. On a logarithmic axis step 0 stands at the left edge, behind an axis
 * break.
 *
 * Throws if there are no points or no loss to draw, if steps do not ascend, or if a value is not finite.
 */
export function lossChart(record: LossRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { points, lnVocab, title, plotHeight = 300 } = record;
  const axis = stepAxis(
    points.map((p) => p.step),
    record.xScale,
  );
  const drawn = drawnSegments(record);
  const frame = beginFigure(where, { title, description: describe(record, axis.place) }, options);
  const { muted } = frame.palette;
  const curves = curvesOf(points, drawn, { place: axis.place, palette: frame.palette });
  const labels = [
    { text: chanceLabel(lnVocab), colour: muted, value: lnVocab },
    ...curves.map(({ title, colour, last }) => ({
      text: `${title} ${formatLoss(last)}`,
      colour,
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
    Math.max(lnVocab, ...curves.flatMap((c) => c.buckets.map((b) => (c.single ? b.mean : b.high)))) * 1.04;
  drawStepAxis(frame, axis, box);
  const y = drawValuePlot(frame, {
    box,
    highest,
    ticks: plotHeight < 200 ? 3 : 6,
    x: { ...axis.scale, axis: null },
    marks: [dashedAt(lnVocab, muted, '5 4'), ...curves.flatMap((c) => curveMarks(c, axis.place))],
  });
  drawEndLabels(frame, labels, { box, y, inset: [4, 6] });
  return finishFigure(frame, box.foot + 54);
}

function checkRecord({ points, segments, lnVocab, marks }: LossRecord): void {
  checkNotEmpty(where, 'points', points, 'pass at least one { step, segments }');
  checkNotEmpty(where, 'segments', segments, 'pass at least one { name, title }');
  checkFinite(where, 'lnVocab', lnVocab);
  if (lnVocab <= 0)
    throw new Error(`${where}: lnVocab is ${lnVocab}, expected more than 0; pass Math.log(vocabulary size).`);
  for (const point of points) {
    checkFinite(where, 'a step', point.step);
    if (point.step < 0) throw new Error(`${where}: a step is ${point.step}, expected 0 or more; count steps from 0.`);
    for (const { name } of segments) {
      const value = point.segments[name] ?? null;
      if (value !== null) checkFinite(where, `the loss of "${name}" at step ${point.step}`, value);
    }
  }
  if (!segments.some(({ name }) => points.some((point) => typeof point.segments[name] === 'number')))
    throw new Error(`${where}: no point has a loss of any segment; pass those of which there is one.`);
  checkAscending(
    where,
    'step',
    points.map((p) => p.step),
  );
  for (const mark of marks ?? []) checkFinite(where, `the step of mark "${mark.label}"`, mark.step);
}

/** A segment's losses, where there are any. */
const lossesOf = (points: readonly LossPoint[], name: string): { x: number; y: number }[] =>
  points.flatMap(({ step, segments }) => {
    const y = segments[name] ?? null;
    return y === null ? [] : [{ x: step, y }];
  });

/** The segments that have a loss; the one that the chart is about comes last, and noisy ones first, beneath the others. */
function drawnSegments({ points, segments }: LossRecord): readonly (LossSegment & { main: boolean })[] {
  const present = segments.filter(({ name }) => lossesOf(points, name).length > 0);
  const main = present.find(({ predictable }) => predictable) ?? present[0];
  const place = (s: LossSegment): number => (s === main ? 2 : s.single ? 0 : 1);
  return [...present].sort((a, b) => place(a) - place(b)).map((segment) => ({ ...segment, main: segment === main }));
}

function curvesOf(
  points: readonly LossPoint[],
  drawn: readonly (LossSegment & { main: boolean })[],
  { place, palette }: { place: (step: number) => number; palette: Palette },
): Curve[] {
  const others = [palette.orange, palette.green, palette.purple];
  let next = 0;
  return drawn.map((segment) => {
    const thinned = thinCurve(lossesOf(points, segment.name), place);
    const colour = segment.main
      ? palette.blue
      : segment.single
        ? palette.purple
        : (others[next++ % others.length] as string);
    return { ...segment, colour, buckets: thinned, last: thinned[thinned.length - 1]!.mean };
  });
}

// Plot gets places on the axis, not steps, so that step 0 has one on a logarithmic axis. A single position's loss is noisy: it is drawn
// thin and without a band.
function curveMarks({ single, colour, buckets }: Curve, place: (step: number) => number): Plot.Markish[] {
  const data = buckets.map((b) => ({ ...b, x: place(b.x) }));
  if (data.length === 1) return [Plot.dot(data, { x: 'x', y: 'mean', r: 4, fill: colour })];
  if (single) return [Plot.lineY(data, { x: 'x', y: 'mean', stroke: colour, strokeWidth: 1, strokeDasharray: '2 2' })];
  const band = data.some((b) => b.high > b.low)
    ? [Plot.areaY(data, { x: 'x', y1: 'low', y2: 'high', fill: colour, fillOpacity: 0.2 })]
    : [];
  return [...band, Plot.lineY(data, { x: 'x', y: 'mean', stroke: colour, strokeWidth: 2 })];
}

function describe(record: LossRecord, place: (step: number) => number): string {
  const { points, lnVocab } = record;
  const half = lnVocab / 2;
  const drawn = drawnSegments(record);
  const endOf = ({ name }: LossSegment): number => thinCurve(lossesOf(points, name), place).at(-1)!.mean;
  const main = drawn.at(-1)!;
  const losses = lossesOf(points, main.name);
  const [start, end] = [losses[0]!.y, endOf(main)];
  const [from, to] = [formatLoss(start), formatLoss(end)];
  const lastStep = formatCount(points[points.length - 1]!.step);
  const change =
    points.length === 1
      ? `is ${from} nats at step ${lastStep}`
      : `${end < start ? 'falls' : 'goes'} from ${from} to ${to} nats by step ${lastStep}`;
  const crossing = losses.find(({ y }) => y < half);
  const crossed =
    crossing === undefined
      ? `it is never below half of chance, ${formatLoss(half)} nats`
      : `it is first below half of chance, ${formatLoss(half)} nats, at step ${formatCount(crossing.x)}`;
  const others = drawn
    .filter(({ main, single }) => !main && !single)
    .map((segment) => ` Loss on the ${segment.title} ends at ${formatLoss(endOf(segment))} nats.`);
  return `Loss on the ${main.title} ${change}; ${crossed}.${others.join('')} Reference line: ${chanceLabel(lnVocab)}.`;
}
