import * as Plot from '@observablehq/plot';
import { checkInterval, checkNotEmpty, checkShare } from '../frame/checks.ts';
import {
  beginFigure,
  draw,
  drawKey,
  drawText,
  type FigureOptions,
  type Frame,
  finishFigure,
  fontSize,
  type KeyEntry,
  swatchSize,
} from '../frame/figureFrame.ts';
import { formatShare, textWidth } from '../frame/text.ts';
import { drawEndLabels, endLabelMargin } from '../marks/endLabels.ts';
import { plotInto } from '../marks/plotInto.ts';
import {
  type Bar,
  type HeadScores,
  type HeadSlot,
  layoutHeads,
  rowLength,
  rowsOfHeads,
  type ScoreName,
} from './headScoreLayout.ts';

/** What `headScoreChart` draws. */
export interface HeadScoreRecord {
  /** In the order to draw, layer by layer; at least one. */
  readonly heads: readonly HeadScores[];
  /** Each score under uniform attention. */
  readonly chance: { readonly previousToken: number; readonly induction: number };
  readonly title: string;
  /** Names the induction score in the key, with its definition; default "induction score (stripe)". */
  readonly inductionLabel?: string;
  /** Says in the key what the whiskers are, such as "95 % interval over 200 sequences"; default "interval". */
  readonly intervalLabel?: string;
}

const where = 'headScoreChart';
const plotHeight = 250;
/** Where heads take several rows. */
const rowHeight = 150;
const marginLeft = 40;

/**
 * Draws two bars per head, previous-token and induction score (share of attention, axis 0 to 1), layer by layer, with whiskers for
 * intervals, a dashed line at each score's chance level, and the value over the highest bar of each score. Where `inductionControl` is
 * given, a hollow bar beside the induction bar shows the same stripe on sequences without a repeat: a head whose hollow bar is as high
 * as its full one attends by position, not by content. More heads than can be told apart in the width go on in further rows, whole
 * layers together where they fit.
 *
 * Throws if there are no heads, if a label comes twice, or if a score or interval end is not a share from 0 to 1.
 */
export function headScoreChart(record: HeadScoreRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { heads, chance, title } = record;
  const frame = beginFigure(where, { title, description: describe(record) }, options);
  const { palette } = frame;
  const colours: Record<ScoreName, string> = {
    previousToken: palette.orange,
    induction: palette.blue,
    inductionControl: palette.blue,
  };
  drawKey(frame, keyOf(frame, record));

  const chanceLabels = [
    { text: `chance ${formatShare(chance.previousToken)}`, colour: palette.orange, value: chance.previousToken },
    { text: `chance ${formatShare(chance.induction)}`, colour: palette.blue, value: chance.induction },
  ];
  const right = frame.width - endLabelMargin(chanceLabels);
  drawText(frame, 'share of attention', { x: 16, y: frame.top + 10, colour: palette.muted });
  const room: [number, number] = [marginLeft + 6, right - 6];
  const rows = rowsOfHeads(heads, room[1] - room[0]);
  const longest = Math.max(...rows.map(rowLength));
  const height = rows.length === 1 ? plotHeight : rowHeight;
  const tops = new Set(
    (['previousToken', 'induction'] as const).map((score) => `${score} ${topHead(heads, score).label}`),
  );
  let foot = frame.top;
  for (const row of rows) {
    const layout = layoutHeads(row, room, longest);
    const top = foot + (foot === frame.top ? 34 : 24);
    drawBars(frame, layout, { top, height, right, chances: chanceLabels, colours });
    const y = (share: number) => top + height * (1 - share);
    drawTopValues(frame, layout.heads, { y, colours, tops });
    foot = drawHeadAxis(frame, layout, top + height);
    drawEndLabels(
      frame,
      right,
      chanceLabels.map(({ value, ...label }) => ({ ...label, y: y(value) })),
      [top + 4, top + height - 2],
    );
  }
  return finishFigure(frame, foot + 14);
}

interface Plotted {
  readonly top: number;
  readonly height: number;
  readonly right: number;
  readonly chances: readonly { readonly value: number; readonly colour: string }[];
  readonly colours: Record<ScoreName, string>;
}

/** Draws the bars of a row with their whiskers, over a grid. */
function drawBars(
  frame: Frame,
  layout: ReturnType<typeof layoutHeads>,
  { top, height, right, chances, colours }: Plotted,
): void {
  const { palette } = frame;
  const bars = layout.heads.flatMap((head) => head.bars);
  const whiskers = bars.filter((bar) => bar.interval !== undefined);
  const fill = (bar: Bar) => (bar.score === 'inductionControl' ? palette.background : colours[bar.score]);
  plotInto(frame, top, {
    height,
    marginTop: 0,
    marginBottom: 0,
    marginLeft,
    marginRight: frame.width - right,
    x: { type: 'identity', axis: null },
    y: { domain: [0, 1], label: null },
    color: { type: 'identity' },
    marks: [
      Plot.gridY({ stroke: palette.faint, strokeOpacity: 1, ticks: 5 }),
      Plot.axisY({ tickSize: 0, color: palette.muted, ticks: 5, label: null }),
      Plot.rect(bars, { x1: 'x1', x2: 'x2', y1: 0, y2: 'value', fill }),
      // The hollow bar's outline lies inside its width, so that it looks as wide as the others.
      Plot.rect(
        bars.filter((bar) => bar.score === 'inductionControl'),
        {
          x1: (b: Bar) => b.x1 + 0.6,
          x2: (b: Bar) => b.x2 - 0.6,
          y1: 0,
          y2: 'value',
          fill: 'none',
          stroke: palette.blue,
          strokeWidth: 1.2,
        },
      ),
      Plot.ruleX(whiskers, {
        x: 'centre',
        y1: (b: Bar) => b.interval![0],
        y2: (b: Bar) => b.interval![1],
        stroke: palette.ink,
        strokeWidth: whiskerWidth,
      }),
      ...[0, 1].map((end) =>
        Plot.ruleY(whiskers, {
          x1: (b: Bar) => b.centre - capOf(b),
          x2: (b: Bar) => b.centre + capOf(b),
          y: (b: Bar) => b.interval![end],
          stroke: palette.ink,
          strokeWidth: whiskerWidth,
        }),
      ),
      ...chances.map(({ value, colour }) =>
        Plot.ruleY([value], { stroke: colour, strokeDasharray: '5 3', strokeWidth: 1.25 }),
      ),
      Plot.ruleY([0], { stroke: palette.muted }),
    ],
  });
}

const whiskerWidth = 1.25;

const capOf = ({ x1, x2 }: Bar): number => Math.min(4, (x2 - x1) / 3);

function checkRecord({ heads, chance }: HeadScoreRecord): void {
  checkNotEmpty(where, 'heads', heads, 'pass at least one { label, previousToken, induction }');
  checkShare(where, 'chance.previousToken', chance.previousToken);
  checkShare(where, 'chance.induction', chance.induction);
  const seen = new Set<string>();
  for (const head of heads) {
    const { label } = head;
    if (seen.has(label)) throw new Error(`${where}: head ${label} comes twice; pass each head once.`);
    seen.add(label);
    checkShare(where, `previousToken of head ${label}`, head.previousToken);
    checkShare(where, `induction of head ${label}`, head.induction);
    if (head.inductionControl !== undefined)
      checkShare(where, `inductionControl of head ${label}`, head.inductionControl);
    for (const name of ['previousTokenInterval', 'inductionInterval'] as const) {
      const interval = head[name];
      if (interval === undefined) continue;
      checkInterval(where, `${name} of head ${label}`, interval);
      for (const end of interval) checkShare(where, `an end of ${name} of head ${label}`, end);
    }
  }
}

function keyOf(frame: Frame, { heads, inductionLabel, intervalLabel }: HeadScoreRecord): KeyEntry[] {
  const { blue, orange, ink } = frame.palette;
  const box = (attributes: Record<string, string | number>) => (x: number, y: number) =>
    draw(frame, 'rect', { x, y, width: swatchSize, height: swatchSize, ...attributes });
  const hollow = (x: number, y: number) =>
    draw(frame, 'rect', {
      x: x + 0.6,
      y: y + 0.6,
      width: swatchSize - 1.2,
      height: swatchSize - 1.2,
      fill: 'none',
      stroke: blue,
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
  const hasInterval = heads.some((head) => head.inductionInterval ?? head.previousTokenInterval);
  return [
    { text: 'previous-token score', swatch: box({ fill: orange }) },
    { text: inductionLabel ?? 'induction score (stripe)', swatch: box({ fill: blue }) },
    ...(hasControl ? [{ text: 'same stripe, no repeat (control)', swatch: hollow }] : []),
    ...(hasInterval ? [{ text: intervalLabel ?? 'interval', swatch: whisker }] : []),
  ];
}

function topHead(heads: readonly HeadScores[], score: 'previousToken' | 'induction'): HeadScores {
  return heads.reduce((best, head) => (head[score] > best[score] ? head : best));
}

/** Writes the value over the highest bar of each score, above its whisker; the two move apart where they would touch. */
function drawTopValues(
  frame: Frame,
  heads: readonly HeadSlot[],
  { y, colours, tops }: { y: (share: number) => number; colours: Record<ScoreName, string>; tops: ReadonlySet<string> },
): void {
  const placed: { x: number; y: number; width: number }[] = [];
  for (const score of ['previousToken', 'induction'] as const) {
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

/** Draws head labels and a bracket per layer below the plot; returns the lowest row used. */
function drawHeadAxis(frame: Frame, { heads, layers, full }: ReturnType<typeof layoutHeads>, top: number): number {
  const { muted, ink } = frame.palette;
  const widest = Math.max(...heads.map(({ short }) => textWidth(short, 10)));
  const every = full ? 1 : Math.ceil((widest + 1) / (heads[0]!.x2 - heads[0]!.x1));
  for (const { x1, x2, label, short } of heads) {
    if (layers.length > 0 && Number(short) % every !== 0) continue;
    const text = full || layers.length === 0 ? label : short;
    const x = (x1 + x2) / 2;
    if (full || layers.length > 0)
      drawText(frame, text, { x, y: top + 16, anchor: 'middle', colour: ink, size: full ? fontSize : 10 });
    else drawText(frame, text, { x: x + 4, y: top + 10, anchor: 'end', rotate: -60, colour: ink, size: 10 });
  }
  if (layers.length === 0) return top + (full ? 20 : 46);
  const names = [(layer: number) => (full ? `layer ${layer}` : `layer ${layer}, head`), (layer: number) => `L${layer}`];
  const fits = (name: (layer: number) => string) =>
    layers.every(({ x1, x2, layer }) => textWidth(name(layer), fontSize) <= x2 - x1 + 6);
  const name = names.find(fits) ?? String;
  const shortest = Math.min(...layers.map(({ x1, x2 }) => x2 - x1));
  const skip = Math.max(1, Math.ceil((textWidth(name(layers.at(-1)!.layer), fontSize) + 4) / (shortest + 7)));
  layers.forEach(({ x1, x2, layer }, i) => {
    draw(frame, 'path', { d: `M${x1 + 2},${top + 23}H${x2 - 2}`, stroke: muted, 'stroke-width': 1, fill: 'none' });
    if (i % skip !== 0) return;
    drawText(frame, name(layer), { x: (x1 + x2) / 2, y: top + 38, anchor: 'middle', colour: muted });
  });
  return top + 40;
}

function describe({ heads, chance }: HeadScoreRecord): string {
  const previous = topHead(heads, 'previousToken');
  const induction = topHead(heads, 'induction');
  const control =
    induction.inductionControl === undefined
      ? ''
      : `, and ${formatShare(induction.inductionControl)} on sequences without a repeat`;
  return (
    `Scores of ${heads.length} ${heads.length === 1 ? 'head' : 'heads'}. Highest previous-token score: ${previous.label} with ` +
    `${formatShare(previous.previousToken)} (chance ${formatShare(chance.previousToken)}). Highest induction score: ${induction.label} ` +
    `with ${formatShare(induction.induction)} (chance ${formatShare(chance.induction)})${control}.`
  );
}
