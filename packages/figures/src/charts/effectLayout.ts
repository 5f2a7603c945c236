import { fontSize } from '../frame/figureFrame.ts';
import { decimalsFor, formatNumber, textWidth, wrapText } from '../frame/text.ts';

/** One effect, drawn as a row. */
export interface EffectRow {
  /** What was done or measured, such as "L1H3" or "circuit of 3 heads". */
  readonly label: string;
  /** A second line below the label, such as "induction head". */
  readonly note?: string;
  /** The effect, in the record's unit; null where there is none, which is written as –. */
  readonly value: number | null;
  /** Lower and upper end of the effect's interval, in the record's unit. */
  readonly interval?: readonly [low: number, high: number];
  /** What sort of row this is, such as 'circuit' or 'control': it decides the mark's shape and colour. */
  readonly kind?: string;
  /** Values to compare with, such as those of matched random sets, in the record's unit; drawn as faint dots in the row. */
  readonly points?: readonly number[];
}

/** Rows that belong together. */
export interface EffectGroup {
  /** Written above its rows. */
  readonly title?: string;
  /** In the order to draw, at least one. */
  readonly rows: readonly EffectRow[];
}

export const padding = 16;
/** Font size of notes and intervals. */
export const noteSize = 11;

/** How a figure's width is divided. */
export interface EffectColumns {
  readonly labelWidth: number;
  /** Ends of the plot, in figure pixels. */
  readonly left: number;
  readonly right: number;
  readonly texts: ReadonlyMap<EffectRow, { readonly value: string; readonly interval: string }>;
  /** Right end of the values, and of the intervals beside them: null where there is no room. */
  readonly valuesEnd: number;
  readonly intervalAt: number | null;
}

/** Decimals that suit the largest of the rows' values. */
export const decimalsOf = (rows: readonly EffectRow[]): number =>
  decimalsFor(Math.max(0, ...rows.map((row) => Math.abs(row.value ?? 0))));

/** Divides the width among labels, plot and values; labels are wrapped to two fifths at most. */
export function effectColumns(width: number, rows: readonly EffectRow[]): EffectColumns {
  const decimals = decimalsOf(rows);
  const format = (value: number) => formatNumber(value, decimals);
  const texts = new Map(
    rows.map((row) => [
      row,
      {
        value: row.value === null ? '–' : format(row.value),
        interval: row.interval ? `[${row.interval.map(format).join(', ')}]` : '',
      },
    ]),
  );
  const widest = (text: (t: { value: string; interval: string }) => string, size: number) =>
    Math.max(...[...texts.values()].map((t) => textWidth(text(t), size, true)));
  const valueWidth = widest((t) => t.value, fontSize);
  const intervalWidth = widest((t) => t.interval, noteSize);
  const widestLabel = Math.max(100, 0.38 * (width - 2 * padding - valueWidth));
  const labelWidth = Math.max(
    ...rows.flatMap(({ label, note }) => [
      ...wrapText(label, widestLabel, fontSize).map((line) => textWidth(line, fontSize)),
      ...wrapText(note ?? '', widestLabel, noteSize).map((line) => textWidth(line, noteSize)),
    ]),
  );
  const left = padding + labelWidth + 8;
  const withInterval = intervalWidth > 0 && width - left - valueWidth - intervalWidth > 260;
  const intervalAt = withInterval ? width - padding : null;
  const valuesEnd = width - padding - (withInterval ? intervalWidth + 6 : 0);
  return { labelWidth, left, right: valuesEnd - valueWidth - 6, texts, valuesEnd, intervalAt };
}

/** A row with its wrapped label. */
export interface PlacedRow {
  readonly group: string;
  readonly row: EffectRow;
  readonly lines: readonly string[];
  readonly notes: readonly string[];
  /** The row's middle. */
  readonly y: number;
}

/** Stacks titles and rows; a row is as high as its wrapped label needs. */
export function placeRows(
  groups: readonly EffectGroup[],
  labelWidth: number,
  top: number,
): { titles: { text: string; y: number }[]; rows: PlacedRow[]; foot: number } {
  const titles: { text: string; y: number }[] = [];
  const rows: PlacedRow[] = [];
  let y = top + 2;
  groups.forEach(({ title, rows: ofGroup }, index) => {
    if (index > 0) y += 8;
    if (title !== undefined) {
      titles.push({ text: title, y: y + 14 });
      y += 22;
    }
    for (const row of ofGroup) {
      const lines = wrapText(row.label, labelWidth, fontSize);
      const notes = row.note ? wrapText(row.note, labelWidth, noteSize) : [];
      const height = Math.max(24, lines.length * 15 + notes.length * 13 + 8);
      rows.push({ group: title ?? '', row, lines, notes, y: y + height / 2 });
      y += height;
    }
  });
  return { titles, rows, foot: y };
}
