import { checkNotEmpty, checkPattern, checkWhole } from '../frame/checks.ts';
import { drawText, type FigureOptions, type Frame, finishFigure } from '../frame/figureFrame.ts';
import { formatShare, textWidth, wrapEvenly } from '../frame/text.ts';
import { beginPatternFigure, left, namedHead, nameKeys, nameQueries, right } from './patternFigure.ts';
import { checkStripe, drawPatternPanel, type Stripe, stripeMean } from './patternPanel.ts';

/** One head under several conditions. */
export interface HeadPanels {
  /** "L0H1": layer 0, head 1. */
  readonly label: string;
  /** What the head was found to be; marked heads are outlined. */
  readonly mark?: string;
  /** One attention pattern per condition, in the order of `columnTitles`; each of shape [queryPos, keyPos], row-major. */
  readonly panels: readonly ArrayLike<number>[];
}

/** What `patternComparison` draws. */
export interface PatternComparisonRecord {
  readonly heads: readonly HeadPanels[];
  /** One name per condition, such as "with a repeat (period 25)" and "no repeat (control)". */
  readonly columnTitles: readonly string[];
  /** Where weight is expected (or feared) under each condition; null for none. */
  readonly stripes?: readonly (Stripe | null)[];
  /** Positions in a sequence, the same under every condition. */
  readonly size: number;
  /** The figure’s title. */
  readonly title: string;
}

const where = 'patternComparison';
const gap = 14;
const groupGap = 36;
const widestPanel = 230;

/**
 * Draws the same heads under several conditions side by side: a row per head, a column per condition, on the colour scale of
 * `patternGrid`. With four heads or more and at most two conditions, two heads share a row. The order given is kept; of very many heads the first ones
 * are drawn, and the figure says how many. Each
 * `<image class="pattern">` carries `data-head` and `data-panel`, the condition's index.
 *
 * Throws as `patternGrid` does, and if a head has not one panel per column title.
 */
export function patternComparison(record: PatternComparisonRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { columnTitles, stripes, size, title } = record;
  const conditions = columnTitles.length;
  const common = { title, description: describe(record), heads: record.heads, size, panelsEach: conditions };
  const drawn = 'the first ones in the order given';
  const { frame, heads } = beginPatternFigure(
    where,
    { ...common, drawn, stripes: () => (stripes ?? []).filter((stripe) => stripe !== null) },
    options,
  );
  const perRow = heads.length >= 4 && conditions <= 2 ? 2 : 1;
  const inner = frame.width - left - right - groupGap * (perRow - 1);
  const side = Math.min(widestPanel, (inner / perRow - gap * (conditions - 1)) / conditions);
  const groupWidth = conditions * side + (conditions - 1) * gap + groupGap;
  const places = { side, groupWidth, perRow };
  let y = drawColumnTitles(frame, columnTitles, places);
  const headingHeight = 18;
  heads.forEach(({ label, mark, panels }, index) => {
    const group = index % perRow;
    const x0 = left + group * groupWidth;
    if (group === 0) y += index === 0 ? headingHeight + 4 : side + headingHeight + 14;
    drawText(frame, label, { x: x0, y: y - 8, weight: 600 });
    if (mark) drawText(frame, mark, { x: x0 + textWidth(label, 13) + 8, y: y - 8 });
    const bottom = index + perRow >= heads.length;
    panels.forEach((pattern, panel) => {
      const x = x0 + panel * (side + gap);
      drawPatternPanel(frame, {
        x,
        y,
        side,
        pattern,
        size,
        stripe: stripes?.[panel],
        marked: Boolean(mark),
        ticks: { left: group === 0 && panel === 0, bottom },
        data: { 'data-head': label, 'data-panel': panel },
      });
      if (bottom) nameKeys(frame, { centre: x + side / 2, foot: y + side });
    });
    if (group === 0) nameQueries(frame, { y, side });
  });
  return finishFigure(frame, y + side + 44);
}

/** Writes the conditions' names above each group of columns; returns the row below them. */
function drawColumnTitles(
  frame: Frame,
  titles: readonly string[],
  { side, groupWidth, perRow }: { side: number; groupWidth: number; perRow: number },
): number {
  const wrapped = titles.map((title) => wrapEvenly(title, side, 12));
  const lines = Math.max(...wrapped.map((w) => w.length));
  for (let group = 0; group < perRow; group++) {
    wrapped.forEach((text, column) => {
      const x = left + group * groupWidth + column * (side + gap);
      text.forEach((line, i) => {
        drawText(frame, line, { x, y: frame.top + 12 + (lines - text.length + i) * 15, colour: frame.palette.muted });
      });
    });
  }
  return frame.top + lines * 15 + 4;
}

function checkRecord({ heads, columnTitles, stripes, size }: PatternComparisonRecord): void {
  checkNotEmpty(where, 'heads', heads, 'pass at least one { label, panels }');
  checkNotEmpty(where, 'columnTitles', columnTitles, 'pass one name per condition');
  checkWhole(where, 'size', size, 1);
  for (const { label, panels } of heads) {
    if (panels.length !== columnTitles.length) {
      throw new Error(
        `${where}: head ${label} has ${panels.length} panels, columnTitles has ${columnTitles.length}; pass one pattern per condition.`,
      );
    }
    for (const pattern of panels) checkPattern(where, label, pattern, size);
  }
  if (stripes && stripes.length !== columnTitles.length) {
    throw new Error(
      `${where}: stripes has ${stripes.length} entries, columnTitles has ${columnTitles.length}; pass one per condition, null for none.`,
    );
  }
  for (const stripe of stripes ?? []) if (stripe) checkStripe(where, stripe, size);
}

function describe({ heads, columnTitles, stripes, size }: PatternComparisonRecord): string {
  const means = heads.map((head) => {
    const values = head.panels.flatMap((pattern, i) => {
      const stripe = stripes?.[i];
      return stripe ? [`${formatShare(stripeMean(pattern, size, stripe))} ${columnTitles[i]}`] : [];
    });
    return [namedHead(head), ...(values.length > 0 ? [values.join(', ')] : [])].join(' ');
  });
  const measured = stripes?.some((stripe) => stripe !== null) ? 'Mean weight on the expected stripe' : 'Heads';
  return `Attention patterns of the same heads under ${columnTitles.length} conditions: ${columnTitles.join('; ')}. ${measured}: ${means.join('; ')}.`;
}
