import { checkNotEmpty, checkPattern, checkWhole } from '../frame/checks.ts';
import { drawText, type FigureOptions, finishFigure, fontSize } from '../frame/figureFrame.ts';
import { counted, formatShare, textWidth, wrapEvenly } from '../frame/text.ts';
import { beginPatternFigure, left, nameKeys, nameQueries, right } from './patternFigure.ts';
import { checkStripe, drawPatternPanel, type Stripe, stripeMean } from './patternPanel.ts';

/** One head's attention pattern. */
export interface HeadPattern {
  /** "L0H1": layer 0, head 1. */
  readonly label: string;
  /** Shape [queryPos, keyPos], row-major: pattern[query * size + key], after softmax, future keys 0. */
  readonly pattern: ArrayLike<number>;
  /** What the head was found to be, such as "induction head"; marked heads come first and are outlined. */
  readonly mark?: string;
}

/** What `patternGrid` draws. */
export interface PatternGridRecord {
  readonly heads: readonly HeadPattern[];
  /** Positions in the sequence. */
  readonly size: number;
  /** The sequence, one token per position; kept as the attribute `data-tokens` for a page's own script. */
  readonly tokens?: readonly number[];
  /** Where the pattern is expected to have weight, drawn as two dashed lines beside its cells. */
  readonly stripe?: Stripe;
  /** The figure’s title. */
  readonly title: string;
  /** Panels in a row; chosen by the number of heads if left out. */
  readonly columns?: number;
}

const where = 'patternGrid';
const gap = 22;
const widestPanel = 360;

/**
 * Draws every head's attention pattern as a small heatmap, query position down and key position across, all on one colour scale from
 * 0 to 1 (by the square root of the weight, so that 0.2 is clearly visible). The future is left empty, which differs from a weight of 0.
 *
 * Marked heads come first, outlined; otherwise the given order is kept. Of very many heads, or very long patterns, the first ones are drawn
 * and the figure says how many. Each `<image class="pattern">` carries `data-head`.
 *
 * Throws if there are no heads, if a pattern's length is not size², if a weight is outside 0 to 1 or not finite, or if a future key has
 * weight (a transposed pattern).
 */
export function patternGrid(record: PatternGridRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { size, stripe, title, tokens } = record;
  const all = [...record.heads.filter((head) => head.mark), ...record.heads.filter((head) => !head.mark)];
  const common = { title, description: describe(record, all), heads: all, size, panelsEach: 1 };
  const drawn = 'the marked ones, and then in the order given';
  const { frame, heads } = beginPatternFigure(
    where,
    { ...common, drawn, stripes: () => (stripe ? [stripe] : []) },
    options,
  );
  if (tokens) frame.root.setAttribute('data-tokens', tokens.join(' '));

  const columns = Math.min(heads.length, record.columns ?? columnsFor(heads.length));
  const side = Math.min(widestPanel, (frame.width - left - right - gap * (columns - 1)) / columns);
  let y = frame.top;
  for (let start = 0; start < heads.length; start += columns) {
    const row = heads.slice(start, start + columns);
    const headings = row.map(({ label, mark }) => headingLines(label, mark, side));
    const lines = Math.max(...headings.map((heading) => heading.length));
    y += lines * 14 + 8;
    row.forEach(({ label, pattern, mark }, column) => {
      const x = left + column * (side + gap);
      headings[column]!.forEach((line, i, all) => {
        const weight = i === 0 ? 600 : 400;
        drawText(frame, line, { x, y: y - 9 - (all.length - 1 - i) * 14, weight });
      });
      const bottom = start + column + columns >= heads.length;
      drawPatternPanel(frame, {
        x,
        y,
        side,
        pattern,
        size,
        stripe,
        marked: Boolean(mark),
        ticks: { left: column === 0, bottom },
        data: { 'data-head': label },
      });
      if (bottom) nameKeys(frame, { centre: x + side / 2, foot: y + side, size: axisSize(side) });
    });
    nameQueries(frame, { y, side, size: axisSize(side) });
    y += side + gap;
  }
  return finishFigure(frame, y - gap + 44);
}

const axisSize = (side: number): number => (side < 90 ? 10 : fontSize);

function columnsFor(count: number): number {
  if (count <= 4) return Math.min(count, 4);
  if (count <= 16) return 4;
  return count <= 24 ? 6 : 8;
}

/** The label, and below it the mark, wrapped to the panel. */
function headingLines(label: string, mark: string | undefined, side: number): string[] {
  if (!mark) return [label];
  return [label, ...wrapEvenly(mark, Math.max(side, textWidth('previous-', fontSize)), fontSize)];
}

function checkRecord({ heads, size, stripe, tokens, columns }: PatternGridRecord): void {
  checkNotEmpty(where, 'heads', heads, 'pass at least one { label, pattern }');
  checkWhole(where, 'size', size, 1);
  for (const { label, pattern } of heads) checkPattern(where, label, pattern, size);
  if (stripe) checkStripe(where, stripe, size);
  if (tokens && tokens.length !== size) {
    throw new Error(`${where}: tokens has ${tokens.length} entries, size is ${size}; pass one token per position.`);
  }
  if (columns !== undefined) checkWhole(where, 'columns', columns, 1);
}

function describe({ size, stripe }: PatternGridRecord, heads: readonly HeadPattern[]): string {
  const marked = heads.filter((head) => head.mark);
  const onStripe = (head: HeadPattern) =>
    stripe ? ` (mean weight on the expected stripe ${formatShare(stripeMean(head.pattern, size, stripe))})` : '';
  const names = marked.map((head) => `${head.label}, ${head.mark}${onStripe(head)}`);
  return (
    `Attention patterns of ${counted(heads.length, 'head')} over ${size} positions, query position down, key ` +
    `position across. ${names.length > 0 ? `Marked: ${names.join('; ')}.` : 'No head is marked.'}`
  );
}
