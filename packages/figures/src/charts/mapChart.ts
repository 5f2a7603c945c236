import { checkNotEmpty, checkWhole } from '../frame/checks.ts';
import {
  beginFigure,
  draw,
  drawKey,
  drawText,
  type FigureOptions,
  type Frame,
  finishFigure,
  swatchSize,
} from '../frame/figureFrame.ts';
import { counted, formatNumber, wrapText } from '../frame/text.ts';
import { drawLevel, drawNameBelow, type PlotBox } from '../marks/axes.ts';
import { drawRampLegend } from '../marks/rampLegend.ts';
import { sequentialRamp, valueRampImage } from '../scales/valueRamp.ts';
import { linearScale } from '../scales/valueScale.ts';

/** One place of a map: a copy of so many tokens that starts at `start` and comes again `distance` later. */
export interface MapPlace {
  /** Position of the first copy. */
  readonly start: number;
  /** How far back the first copy lies, in tokens. */
  readonly distance: number;
  /** Queries of each sequence. */
  readonly queries: number;
  readonly solution: 'by content' | 'by position' | 'not solved';
  /** Nats. */
  readonly loss: number;
  /** Share of attention, above what the head does where nothing repeats; in the order of the record's heads. */
  readonly attention: readonly number[];
}

/** What `mapChart` draws. */
export interface MapRecord {
  /** The figure’s title. */
  readonly title: string;
  /** At least one. */
  readonly places: readonly MapPlace[];
  /** Tokens of the context. */
  readonly length: number;
  /** Loss of the uniform guess, nats. */
  readonly lnVocab: number;
  /** Heads whose attention is drawn, by label: none, one or two. */
  readonly heads: readonly string[];
}

const where = 'mapChart';
const [gap, marginLeft, marginRight] = [26, 44, 16];

/**
 * Draws the map of a model: a bar for every place measured, over the tokens of its first copy, at its distance. The first panel
 * has their losses, strong where solved, in a colour for what solves them; a panel a head shows its attention that follows.
 *
 * Each bar is a `<rect class="place">` with `data-start`, `data-distance`, and in the first panel `data-solution`.
 *
 * Throws if there are no places, if one lies outside of the context, or has not one attention a head.
 */
export function mapChart(record: MapRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { title, heads } = record;
  const frame = beginFigure(where, { title, description: describe(record) }, options);
  const ramp = sequentialRamp(frame.theme, [0, 1]);
  const entries = keyOf(frame, record);
  const ticks = [0, 0.5, 1].map((at) => ({ at, text: formatNumber(at, 1) }));
  if (heads.length === 0) drawKey(frame, entries);
  else drawRampLegend(frame, { label: 'attention that follows (share)', image: valueRampImage(ramp), ticks, entries });
  const panels = 1 + heads.length;
  const width = (frame.width - marginRight - panels * marginLeft - (panels - 1) * gap) / panels;
  const names = ['what solves it', ...heads.map((label) => `attention of ${label} that follows`)];
  const top = frame.top + 12 + 15 * Math.max(...names.map((name) => wrapText(name, width, 12, true).length));
  const box = (panel: number): PlotBox => {
    const left = marginLeft + panel * (width + marginLeft + gap);
    return { left, right: left + width, top, foot: top + Math.min(width, 300) };
  };
  names.forEach((name, panel) => {
    const colour = (place: MapPlace): Paint =>
      panel === 0
        ? paintOf(frame, record, place)
        : { fill: `rgb(${ramp.colour(ramp.level(place.attention[panel - 1] as number)).join(',')})` };
    drawPanel(frame, record, { name, box: box(panel), colour });
  });
  return finishFigure(frame, box(0).foot + 50);
}

interface Paint {
  readonly fill: string;
  readonly opacity?: number;
}

/** Colour by what solves a place, the stronger the lower its loss. */
function paintOf({ palette }: Frame, { lnVocab }: MapRecord, { solution, loss }: MapPlace): Paint {
  if (solution === 'not solved') return { fill: palette.faint };
  const fill = solution === 'by content' ? palette.blue : palette.orange;
  return { fill, opacity: 0.35 + 0.65 * Math.max(0, 1 - loss / (lnVocab / 2)) };
}

function drawPanel(
  frame: Frame,
  { places, length }: MapRecord,
  { name, box, colour }: { name: string; box: PlotBox; colour: (place: MapPlace) => Paint },
): void {
  const { muted } = frame.palette;
  const { left, right, top, foot } = box;
  const lines = wrapText(name, right - left, 12, true);
  lines.forEach((line, i) => {
    drawText(frame, line, { x: left, y: top - 8 - 15 * (lines.length - 1 - i), weight: 600 });
  });
  const x = (distance: number): number => left + ((right - left) * (distance - 1.5)) / (length - 3);
  const y = (start: number): number => foot - ((foot - top) * start) / (length - 2);
  const wide = Math.max(1.5, x(3) - x(2));
  // Where bars lie over one another, the solved ones are seen.
  const ordered = [...places].sort((a, b) => Number(b.solution === 'not solved') - Number(a.solution === 'not solved'));
  for (const place of ordered) {
    const { start, distance, queries, solution } = place;
    const { fill, opacity } = colour(place);
    draw(frame, 'rect', {
      class: 'place',
      'data-start': start,
      'data-distance': distance,
      'data-solution': solution,
      x: x(distance - 0.5) + 0.25,
      width: wide - 0.5,
      y: y(start + queries + 1),
      height: y(start) - y(start + queries + 1),
      fill,
      'fill-opacity': opacity,
    });
  }
  drawLevel(frame, box, { y: foot });
  for (const tick of linearScale([0, length - 2], 5).ticks) {
    if (tick > 0) drawText(frame, String(tick), { x: x(tick), y: foot + 16, anchor: 'middle', colour: muted });
    drawText(frame, String(tick), { x: left - 6, y: y(tick) + 4, anchor: 'end', colour: muted });
  }
  const middle = (top + foot) / 2;
  drawText(frame, 'first copy starts at', { x: left - 30, y: middle, rotate: -90, anchor: 'middle', colour: muted });
  drawNameBelow(frame, 'how far back it lies (tokens)', { left, right, y: foot + 36 });
}

function keyOf(frame: Frame, { places }: MapRecord) {
  const { blue, orange, faint } = frame.palette;
  const kinds = [
    ['by content', 'solved by content', blue],
    ['by position', 'solved as well where nothing repeats', orange],
    ['not solved', 'not solved', faint],
  ] as const;
  return kinds.flatMap(([solution, name, fill]) => {
    const count = places.filter((place) => place.solution === solution).length;
    const swatch = (x: number, y: number): void =>
      draw(frame, 'rect', { x, y, width: swatchSize, height: swatchSize, fill });
    return count === 0 ? [] : [{ text: `${name} (${count})`, swatch }];
  });
}

function checkRecord({ places, length, heads }: MapRecord): void {
  checkNotEmpty(where, 'places', places, 'pass at least one { start, distance, queries, solution, loss, attention }');
  checkWhole(where, 'length', length, 4);
  for (const { start, distance, queries, attention } of places) {
    checkWhole(where, 'a start', start, 0);
    checkWhole(where, 'a distance', distance, 2);
    if (start + distance + queries + 1 > length)
      throw new Error(
        `${where}: a copy of ${queries + 1} tokens at ${start} comes again ${distance} later, beyond the length of ${length}; leave it out.`,
      );
    if (attention.length !== heads.length)
      throw new Error(
        `${where}: the place at ${start}, ${distance} has ${attention.length} values of attention for ${counted(heads.length, 'head')}; pass one a head.`,
      );
  }
}

function describe({ places, length, heads }: MapRecord): string {
  const of = (solution: MapPlace['solution']): string => {
    const found = places.filter((place) => place.solution === solution);
    const all = (values: readonly number[]): string => `${Math.min(...values)} to ${Math.max(...values)}`;
    if (found.length === 0) return `${solution}: none`;
    return `${solution}: ${found.length}, at distances ${all(found.map((p) => p.distance))}, starts ${all(found.map((p) => p.start))}`;
  };
  const shown = heads.length > 0 ? ` Attention that follows the repeat is drawn of ${heads.join(' and ')}.` : '';
  return `Map of ${counted(places.length, 'place')} in a context of ${length} tokens: where the first copy starts, and how far back it lies. ${(['by content', 'by position', 'not solved'] as const).map(of).join('; ')}.${shown}`;
}
