import * as Plot from '@observablehq/plot';
import type { Frame } from '../frame/figureFrame.ts';
import type { PlotBox } from './axes.ts';
import { type EndLabel, endLabelMargin } from './endLabels.ts';
import { plotInto } from './plotInto.ts';

/** The right end of a plot whose lines are named beside it. */
export const rightOf = (frame: Frame, labels: readonly EndLabel[]): number => frame.width - endLabelMargin(labels);

/** What is drawn into a box over a grid, with the axis of values, 0 to `highest`, on its left. */
export interface ValuePlot {
  readonly box: PlotBox;
  readonly highest: number;
  readonly ticks: number;
  readonly x: Plot.ScaleOptions & Plot.AxisOptions;
  /** Room below the box for an axis of Plot's own; default 0. */
  readonly below?: number;
  readonly marks: readonly Plot.Markish[];
}

/** Draws marks of Observable Plot; returns where a value stands. */
export function drawValuePlot(
  frame: Frame,
  { box, highest, ticks, x, below = 0, marks }: ValuePlot,
): (value: number) => number {
  const { faint, muted } = frame.palette;
  const height = box.foot - box.top;
  plotInto(frame, box.top, {
    height: height + below,
    marginTop: 0,
    marginBottom: below,
    marginLeft: box.left,
    marginRight: frame.width - box.right,
    x,
    y: { domain: [0, highest], label: null },
    color: { type: 'identity' },
    marks: [
      Plot.gridY({ stroke: faint, strokeOpacity: 1, ticks }),
      Plot.axisY({ tickSize: 0, color: muted, ticks, label: null }),
      ...marks,
    ],
  });
  return (value) => box.top + height * (1 - value / highest);
}

/** A dashed line at a value worth comparing with. */
export const dashedAt = (value: number, colour: string, dash: string): Plot.Markish =>
  Plot.ruleY([value], { stroke: colour, strokeDasharray: dash });
