import { beginFigure, drawText, type FigureOptions, type Frame } from '../frame/figureFrame.ts';
import { drawLeftOut, headsDrawn, leftOutText } from './manyHeads.ts';
import { drawPatternLegend, type Stripe } from './patternPanel.ts';

/** Margins of a figure of attention patterns. */
export const left = 62;
export const right = 18;

/** What the figures of patterns have in common: their heads, and how many panels each takes. */
export interface PatternHeads<Head> {
  readonly title: string;
  readonly description: string;
  /** In the order to draw. */
  readonly heads: readonly Head[];
  /** Positions in a sequence. */
  readonly size: number;
  readonly panelsEach: number;
  /** Which heads are drawn where not all of them are, such as "the first ones in the order given". */
  readonly drawn: string;
  /** Stripes for the legend. */
  readonly stripes: (drawn: readonly Head[]) => readonly Stripe[];
  /** A sentence below the legend where there are stripes. */
  readonly note?: string;
}

/** Opens a figure of attention patterns: title, legend, and what is left out where there are too many heads; returns those to draw. */
export function beginPatternFigure<Head>(
  where: string,
  { title, description, heads: all, size, panelsEach, drawn, stripes, note }: PatternHeads<Head>,
  options: FigureOptions,
): { frame: Frame; heads: readonly Head[] } {
  const heads = all.slice(0, headsDrawn(all.length, size, panelsEach));
  const leftOut = leftOutText(heads.length, all.length, drawn);
  const frame = beginFigure(
    where,
    { title, description: [description, ...(leftOut ? [leftOut] : [])].join(' ') },
    options,
  );
  const shown = stripes(heads);
  drawPatternLegend(frame, shown);
  if (note && shown.length > 0) {
    drawText(frame, note, { x: 16, y: frame.top + 2, colour: frame.palette.muted });
    frame.top += 20;
  }
  drawLeftOut(frame, leftOut);
  return { frame, heads };
}

/** Names the queries of a row of panels at the figure's left edge. */
export function nameQueries(frame: Frame, { y, side, size }: { y: number; side: number; size?: number }): void {
  const place = { x: 26, y: y + side / 2, anchor: 'middle', rotate: -90, colour: frame.palette.muted } as const;
  drawText(frame, 'query position', { ...place, ...(size === undefined ? {} : { size }) });
}

/** Names the keys below a panel, or below several; `foot` is the panels' lower edge. */
export function nameKeys(frame: Frame, { centre, foot, size }: { centre: number; foot: number; size?: number }): void {
  const place = { x: centre, y: foot + 30, anchor: 'middle', colour: frame.palette.muted } as const;
  drawText(frame, 'key position', { ...place, ...(size === undefined ? {} : { size }) });
}

/** "L0H1 (previous-token head)", or the label alone. */
export const namedHead = ({ label, mark }: { readonly label: string; readonly mark?: string }): string =>
  mark ? `${label} (${mark})` : label;
