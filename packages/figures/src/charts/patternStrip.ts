import { checkNotEmpty, checkPattern, checkWhole } from '../frame/checks.ts';
import { beginFigure, drawText, type FigureOptions, finishFigure } from '../frame/figureFrame.ts';
import { formatShare } from '../frame/text.ts';
import { checkStripe, drawPatternPanel, type Stripe, stripeMean } from './patternPanel.ts';

/** What `patternStrip` draws. */
export interface PatternStripRecord {
  /** A panel each, from left to right. */
  readonly heads: readonly {
    /** "L0H1": layer 0, head 1. */
    readonly label: string;
    /** What stands behind the label, in a few words: "previous-token head". */
    readonly caption: string;
    /** Shape [queryPos, keyPos], row-major, after softmax, future keys 0. */
    readonly pattern: ArrayLike<number>;
  }[];
  /** Positions in the sequence. */
  readonly size: number;
  /** Where an induction head's weight is expected, drawn as two dashed lines beside its cells. */
  readonly stripe?: Stripe;
  /** The figure’s title. */
  readonly title: string;
}

const where = 'patternStrip';
const gap = 10;
const edge = 4;
const widestPanel = 126;

/**
 * Draws a few attention patterns side by side, without axes or legend: small enough for a row of a page that says what is seen.
 * Query position down, key position across, on the colour scale of `patternGrid`. Each `<image class="pattern">` carries `data-head` and `data-panel`, its place from 0.
 *
 * Throws if there are no heads, or if a pattern is none (`patternGrid` says when).
 */
export function patternStrip(record: PatternStripRecord, options: FigureOptions = {}): string {
  const { heads, size, stripe, title } = record;
  checkNotEmpty(where, 'heads', heads, 'pass at least one { label, caption, pattern }');
  checkWhole(where, 'size', size, 1);
  for (const { label, pattern } of heads) checkPattern(where, label, pattern, size);
  if (stripe) checkStripe(where, stripe, size);
  const frame = beginFigure(where, { title, description: describe(record) }, options);
  const pitch = (frame.width - 2 * edge + gap) / heads.length;
  const side = Math.min(widestPanel, pitch - gap);
  const y = frame.top + 34;
  heads.forEach(({ label, caption, pattern }, i) => {
    const x = edge + i * pitch;
    drawText(frame, label, { x, y: y - 21, weight: 600 });
    drawText(frame, caption, { x, y: y - 7, size: 11, colour: frame.palette.muted });
    const ticks = { left: false, bottom: false };
    const data = { 'data-head': label, 'data-panel': i };
    drawPatternPanel(frame, { x, y, side, pattern, size, stripe, marked: false, ticks, data });
  });
  return finishFigure(frame, y + side + edge);
}

function describe({ heads, size, stripe }: PatternStripRecord): string {
  const told = heads.map(({ label, caption, pattern }) => {
    const mean = stripe
      ? ` (mean weight on the expected stripe ${formatShare(stripeMean(pattern, size, stripe))})`
      : '';
    return `${label}, ${caption}${mean}`;
  });
  return `Attention patterns over ${size} positions, query position down, key position across: ${told.join('; ')}.`;
}
