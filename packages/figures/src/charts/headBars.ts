import * as Plot from '@observablehq/plot';
import { draw, drawText, type Frame, fontSize, type KeyEntry, swatchSize } from '../frame/figureFrame.ts';
import { formatShare, textWidth } from '../frame/text.ts';
import type { Palette } from '../frame/theme.ts';
import type { PlotBox } from '../marks/axes.ts';
import type { EndLabel } from '../marks/endLabels.ts';
import { drawValuePlot } from '../marks/valuePlot.ts';
import type { Bar, HeadLayout, HeadScoreBars, HeadSlot, ScoreName } from './headScoreLayout.ts';

/** Scores where nothing repeats, drawn hollow. */
const CONTROLS = ['inductionControl', 'detectedControl'] as const;

/** Draws the bars of a row with their whiskers, over a grid; returns where a share stands. */
export function drawHeadBars(
  frame: Frame,
  { heads }: HeadLayout,
  { box, chances, colours }: { box: PlotBox; chances: readonly EndLabel[]; colours: Record<ScoreName, string> },
): (share: number) => number {
  const { palette } = frame;
  const bars = heads.flatMap((head) => head.bars);
  const fill = (bar: Bar) =>
    (CONTROLS as readonly ScoreName[]).includes(bar.score) ? palette.background : colours[bar.score];
  return drawValuePlot(frame, {
    box,
    highest: 1,
    ticks: 5,
    x: { type: 'identity', axis: null },
    marks: [
      Plot.rect(bars, { x1: 'x1', x2: 'x2', y1: 0, y2: 'value', fill }),
      ...CONTROLS.filter((score) => score === 'inductionControl' || bars.some((bar) => bar.score === score)).map(
        (score) =>
          hollowOutline(
            bars.filter((bar) => bar.score === score),
            colours[score],
          ),
      ),
      ...whiskers(bars, palette),
      ...chances.map(({ value, colour }) =>
        Plot.ruleY([value], { stroke: colour, strokeDasharray: '5 3', strokeWidth: 1.25 }),
      ),
      Plot.ruleY([0], { stroke: palette.muted }),
    ],
  });
}

/** The hollow bar's outline lies inside its width, so that it looks as wide as the others. */
const hollowOutline = (bars: readonly Bar[], stroke: string): Plot.Markish =>
  Plot.rect(bars, {
    x1: (b: Bar) => b.x1 + 0.6,
    x2: (b: Bar) => b.x2 - 0.6,
    y1: 0,
    y2: 'value',
    fill: 'none',
    stroke,
    strokeWidth: 1.2,
  });

const capOf = ({ x1, x2 }: Bar): number => Math.min(4, (x2 - x1) / 3);

function whiskers(bars: readonly Bar[], { ink }: Palette): Plot.Markish[] {
  const measured = bars.filter((bar) => bar.interval !== undefined);
  const style = { stroke: ink, strokeWidth: 1.25 };
  const ends = { y1: (b: Bar) => b.interval![0], y2: (b: Bar) => b.interval![1] };
  const caps = { x1: (b: Bar) => b.centre - capOf(b), x2: (b: Bar) => b.centre + capOf(b) };
  return [
    Plot.ruleX(measured, { x: 'centre', ...ends, ...style }),
    ...[0, 1].map((end) => Plot.ruleY(measured, { ...caps, y: (b: Bar) => b.interval![end], ...style })),
  ];
}

/** The scores whose highest bar has its value written over it. */
export const TOPS = ['previousToken', 'induction', 'detected'] as const;

/** Writes the value over the highest bar of each score, above its whisker; the two move apart where they would touch. */
export function drawTopValues(
  frame: Frame,
  heads: readonly HeadSlot[],
  { y, colours, tops }: { y: (share: number) => number; colours: Record<ScoreName, string>; tops: ReadonlySet<string> },
): void {
  const placed: { x: number; y: number; width: number }[] = [];
  for (const score of TOPS) {
    const head = heads.find(({ label }) => tops.has(`${score} ${label}`));
    const bar = head?.bars.find((b) => b.score === score);
    if (!bar) continue;
    const text = formatShare(bar.value);
    const width = textWidth(text, fontSize);
    let at = y(Math.max(bar.value, bar.interval?.[1] ?? 0)) - 5;
    for (const other of placed) {
      if (Math.abs(other.x - bar.centre) < (width + other.width) / 2 && Math.abs(other.y - at) < 14) at = other.y - 14;
    }
    placed.push({ x: bar.centre, y: at, width });
    drawText(frame, text, { x: bar.centre, y: at, anchor: 'middle', weight: 600, colour: colours[score], halo: true });
  }
}

/** Key entries of the bars and whiskers that are drawn. */
export function headBarsKey(
  frame: Frame,
  heads: readonly HeadScoreBars[],
  {
    inductionLabel,
    intervalLabel,
    detector,
  }: {
    readonly inductionLabel?: string;
    readonly intervalLabel?: string;
    readonly detector?: { readonly name: string };
  },
): KeyEntry[] {
  const { blue, orange, purple, ink } = frame.palette;
  const box = (attributes: Record<string, string | number>) => (x: number, y: number) =>
    draw(frame, 'rect', { x, y, width: swatchSize, height: swatchSize, ...attributes });
  const hollow = (stroke: string) => (x: number, y: number) =>
    draw(frame, 'rect', {
      x: x + 0.6,
      y: y + 0.6,
      width: swatchSize - 1.2,
      height: swatchSize - 1.2,
      fill: 'none',
      stroke,
      'stroke-width': 1.2,
    });
  const whisker = (x: number, y: number) =>
    draw(frame, 'path', {
      d: `M${x + 2},${y}h7m-3.5,0v${swatchSize}m-3.5,0h7`,
      fill: 'none',
      stroke: ink,
      'stroke-width': 1.25,
    });
  const hasControl = heads.some((head) => head.inductionControl !== undefined);
  const hasInterval = heads.some(
    (head) => head.inductionInterval ?? head.previousTokenInterval ?? head.detectedInterval,
  );
  return [
    { text: 'previous-token score', swatch: box({ fill: orange }) },
    { text: inductionLabel ?? 'induction score (stripe)', swatch: box({ fill: blue }) },
    ...(hasControl ? [{ text: 'same stripe, no repeat (control)', swatch: hollow(blue) }] : []),
    ...(detector ? [{ text: detector.name, swatch: box({ fill: purple }) }] : []),
    ...(detector && heads.some((head) => head.detectedControl !== undefined)
      ? [{ text: `${detector.name}, no repeat (control)`, swatch: hollow(purple) }]
      : []),
    ...(hasInterval ? [{ text: intervalLabel ?? 'interval', swatch: whisker }] : []),
  ];
}
