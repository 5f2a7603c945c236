import { checkDistinct, checkNotEmpty, checkWhole } from '../frame/checks.ts';
import {
  beginFigure,
  draw,
  drawKey,
  drawText,
  type FigureOptions,
  type Frame,
  finishFigure,
} from '../frame/figureFrame.ts';
import { counted, textWidth, wrapText } from '../frame/text.ts';
import { drawLevel, drawNameBelow, drawValueAxis, type PlotBox } from '../marks/axes.ts';
import { type KindStyle, kindKey, kindStyles } from '../marks/kinds.ts';
import { linearScale } from '../scales/valueScale.ts';
import { drawSettings } from './dotColumns.ts';

/** What became of the runs of a setting: how many of each kind. */
export interface SettingShares {
  /** The setting, such as "24–25" or "5 %". */
  readonly x: string;
  /** How many runs came out each way, by kind. */
  readonly counts: Readonly<Record<string, number>>;
}

/** What `sharesChart` draws. */
export interface SharesRecord {
  /** The figure’s title. */
  readonly title: string;
  /** What the settings are, such as "period". */
  readonly xAxis: string;
  /** From the bottom of a column to its top, at most six. */
  readonly kinds: readonly string[];
  /** Side by side and below each other, at least one; the title may be empty where there is one alone. */
  readonly panels: readonly SharesPanel[];
  /** Where two more things vary: what panels in a row have in common, row by row with equally many; a panel's title names its column. */
  readonly rows?: readonly string[];
}

interface SharesPanel {
  readonly title: string;
  readonly groups: readonly SettingShares[];
}

const where = 'sharesChart';
const padding = 16;
const gap = 20;
const plotHeight = 130;
const rowHeight = 100;
const axisWidth = 46;

/** The least height and width of a part that its count is written into. */
const roomForCount = { height: 13, width: 16 };

/**
 * Draws what share of the runs of each setting became what: a column per setting, divided by kind, with the count written into each part
 * that has room. Panels share kinds, colours and the axis from 0 to 100 %.
 *
 * Each part is a `<rect class="part">` with `data-panel` (its index), `data-x`, `data-kind` and `data-count`.
 *
 * With `rows` panels stand in rows and columns, one below the other where the figure is narrow.
 *
 * Throws if there are no panels or a panel has no settings, if panels do not fill the rows, if a setting comes twice in a
 * panel, if a count is not a whole number or of
 * a kind that is not named, if there are no runs at all, or if there are more than six kinds.
 */
export function sharesChart(record: SharesRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { kinds, panels, title, xAxis } = record;
  const frame = beginFigure(where, { title, description: describe(record) }, options);
  const styles = kindStyles(where, kinds, frame.palette);
  const totals = new Map(
    kinds.map((kind) => [kind, sum(panels.flatMap(({ groups }) => groups.map((g) => g.counts[kind] ?? 0)))]),
  );
  drawKey(frame, kindKey(frame, styles, totals));
  let foot = frame.top;
  for (const row of rowsOf(record, frame.width)) {
    const width = (frame.width - 2 * padding - axisWidth - gap * (row.across - 1)) / row.across;
    const leftOf = (i: number): number => padding + axisWidth + i * (width + gap);
    const heading = row.heading === '' ? [] : wrapText(row.heading, frame.width - leftOf(0) - padding, 12);
    const titles = row.panels.map(({ title: own }) => (own === '' ? [] : wrapText(own, width, 12, true)));
    const top = foot + 6 + 15 * (heading.length + Math.max(...titles.map((lines) => lines.length)));
    heading.forEach((line, n) => {
      drawText(frame, line, { x: leftOf(0), y: top - 7 - 15 * (heading.length - 1 - n), colour: frame.palette.muted });
    });
    const above = top - 7 - 15 * heading.length;
    const feet = row.panels.map(({ groups }, i) => {
      titles[i]!.forEach((line, n) => {
        drawText(frame, line, { x: leftOf(i), y: above - 15 * (titles[i]!.length - 1 - n), weight: 600 });
      });
      const box = { left: leftOf(i), right: leftOf(i) + width, top, foot: top + row.height };
      const y = drawPanel(frame, groups, { box, styles, labelled: i === 0, index: row.from + i });
      return row.named ? drawSettings(frame, groups, { ...box, share: width / groups.length }) : y;
    });
    foot = Math.max(...feet) + 14;
  }
  drawNameBelow(frame, xAxis, { left: padding + axisWidth, right: frame.width - padding, y: foot + 4 });
  return finishFigure(frame, foot + 18);
}

/** Panels that stand side by side, the first of which has this index among all. */
interface Row {
  readonly from: number;
  readonly panels: readonly SharesPanel[];
  readonly across: number;
  /** What the row has in common; empty for nothing. */
  readonly heading: string;
  readonly height: number;
  /** Whether the settings are written below. */
  readonly named: boolean;
}

/** Divides panels into rows: one below the other where the figure is narrow. */
function rowsOf({ panels, rows }: SharesRecord, width: number): Row[] {
  const narrow = width < 500;
  if (rows && !narrow) {
    const across = panels.length / rows.length;
    return rows.map((heading, r) => ({
      ...{ from: r * across, across, heading, height: rowHeight, named: r === rows.length - 1 },
      panels: panels
        .slice(r * across, (r + 1) * across)
        .map(({ title, groups }) => ({ title: r === 0 ? title : '', groups })),
    }));
  }
  const titled = rows ? panels.map((panel, i) => ({ ...panel, title: titleOf(panel, i, { panels, rows }) })) : panels;
  const across = Math.min(panels.length, narrow ? 1 : panels.length <= 4 ? 2 : 3);
  return Array.from({ length: Math.ceil(panels.length / across) }, (_, r) => ({
    ...{ from: r * across, across, heading: '', height: plotHeight, named: true },
    panels: titled.slice(r * across, (r + 1) * across),
  }));
}

/** Draws the columns of a panel; returns the lowest row used. */
function drawPanel(
  frame: Frame,
  groups: readonly SettingShares[],
  {
    box,
    styles,
    labelled,
    index,
  }: { box: PlotBox; styles: ReadonlyMap<string, KindStyle>; labelled: boolean; index: number },
): number {
  const scale = linearScale([0, 1], 2);
  const y = drawValueAxis(frame, box, { ...scale, format: (tick) => (labelled ? `${100 * tick} %` : '') });
  const share = (box.right - box.left) / groups.length;
  groups.forEach(({ x, counts }, i) => {
    const total = sum(Object.values(counts));
    const [left, width] = [box.left + (i + 0.12) * share, 0.76 * share];
    let below = 0;
    for (const [kind, { colour }] of styles) {
      const count = counts[kind] ?? 0;
      if (count === 0) continue;
      const [low, high] = [y(below / total), y((below + count) / total)];
      below += count;
      const data = { 'data-panel': index, 'data-x': x, 'data-kind': kind, 'data-count': count };
      const place = { x: left, y: high, width, height: low - high };
      draw(frame, 'rect', {
        class: 'part',
        ...data,
        ...place,
        fill: colour,
        stroke: frame.palette.background,
        'stroke-width': 1,
      });
      if (low - high >= roomForCount.height && width >= Math.max(roomForCount.width, textWidth(String(count), 11) + 4))
        drawText(frame, String(count), {
          x: left + width / 2,
          y: (low + high) / 2 + 4,
          size: 11,
          anchor: 'middle',
          colour: frame.palette.background,
        });
    }
  });
  drawLevel(frame, box, { y: box.foot });
  return box.foot + 6;
}

/** A panel's title with that of its row. */
const titleOf = (
  { title }: SharesPanel,
  index: number,
  { panels, rows }: { panels: SharesRecord['panels']; rows: readonly string[] | undefined },
): string =>
  rows ? [rows[Math.floor((index * rows.length) / panels.length)], title].filter(Boolean).join(', ') : title;

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function checkRecord({ kinds, panels, rows }: SharesRecord): void {
  checkNotEmpty(where, 'panels', panels, 'pass at least one { title, groups }');
  if (rows && (rows.length === 0 || panels.length % rows.length !== 0))
    throw new Error(
      `${where}: ${panels.length} panels cannot stand in ${rows.length} rows; pass equally many for each row, or leave rows out.`,
    );
  for (const { title, groups } of panels) {
    checkNotEmpty(where, `groups of panel "${title}"`, groups, 'pass at least one { x, counts }');
    checkDistinct(
      where,
      groups.map(({ x }) => `setting "${x}" of panel "${title}"`),
      'pass all of its runs in one group',
    );
    for (const { x, counts } of groups)
      for (const [kind, count] of Object.entries(counts)) {
        checkWhole(where, `the count of "${kind}" at "${x}"`, count, 0);
        if (!kinds.includes(kind))
          throw new Error(`${where}: "${kind}" at "${x}" is none of the kinds; name it in kinds.`);
      }
  }
  if (sum(panels.flatMap(({ groups }) => groups.flatMap(({ counts }) => Object.values(counts)))) === 0)
    throw new Error(`${where}: there are no runs; pass at least one count above 0.`);
}

function describe({ panels, rows, xAxis }: SharesRecord): string {
  const told = panels.map((panel, i) => {
    const { groups } = panel;
    const title = titleOf(panel, i, { panels, rows });
    const columns = groups.map(({ x, counts }) => {
      const parts = Object.entries(counts).filter(([, count]) => count > 0);
      return `${x}: ${parts.length === 0 ? 'no runs' : parts.map(([kind, count]) => `${count} ${kind}`).join(', ')}`;
    });
    return `${title === '' ? '' : `${title}: `}${columns.join('; ')}.`;
  });
  const runs = sum(panels.flatMap(({ groups }) => groups.flatMap(({ counts }) => Object.values(counts))));
  return `What became of ${counted(runs, 'run')} by ${xAxis}. ${told.join(' ')}`;
}
