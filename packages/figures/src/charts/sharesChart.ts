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
  readonly panels: readonly { readonly title: string; readonly groups: readonly SettingShares[] }[];
}

const where = 'sharesChart';
const padding = 16;
const gap = 20;
const plotHeight = 130;
const axisWidth = 46;

/** The least height and width of a part that its count is written into. */
const roomForCount = { height: 13, width: 16 };

/**
 * Draws what share of the runs of each setting became what: a column per setting, divided by kind, with the count written into each part
 * that has room. Panels share kinds, colours and the axis from 0 to 100 %.
 *
 * Each part is a `<rect class="part">` with `data-panel` (its index), `data-x`, `data-kind` and `data-count`.
 *
 * Throws if there are no panels or a panel has no settings, if a setting comes twice in a panel, if a count is not a whole number or of
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
  const across = Math.min(panels.length, frame.width < 500 ? 1 : panels.length <= 4 ? 2 : 3);
  const width = (frame.width - 2 * padding - axisWidth - gap * (across - 1)) / across;
  let foot = frame.top;
  for (let from = 0; from < panels.length; from += across) {
    const row = panels.slice(from, from + across);
    const titles = row.map((panel) => (panel.title === '' ? [] : wrapText(panel.title, width, 12, true)));
    const top = foot + 6 + 15 * Math.max(...titles.map((lines) => lines.length));
    const feet = row.map((panel, i) => {
      const left = padding + axisWidth + i * (width + gap);
      titles[i]!.forEach((line, n) => {
        drawText(frame, line, { x: left, y: top - 7 - 15 * (titles[i]!.length - 1 - n), weight: 600 });
      });
      const box = { left, right: left + width, top, foot: top + plotHeight };
      return drawPanel(frame, panel.groups, { box, styles, labelled: i === 0, index: from + i });
    });
    foot = Math.max(...feet) + 14;
  }
  drawNameBelow(frame, xAxis, { left: padding + axisWidth, right: frame.width - padding, y: foot + 4 });
  return finishFigure(frame, foot + 18);
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
  return drawSettings(frame, groups, { ...box, share });
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function checkRecord({ kinds, panels }: SharesRecord): void {
  checkNotEmpty(where, 'panels', panels, 'pass at least one { title, groups }');
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

function describe({ panels, xAxis }: SharesRecord): string {
  const told = panels.map(({ title, groups }) => {
    const columns = groups.map(({ x, counts }) => {
      const parts = Object.entries(counts).filter(([, count]) => count > 0);
      return `${x}: ${parts.length === 0 ? 'no runs' : parts.map(([kind, count]) => `${count} ${kind}`).join(', ')}`;
    });
    return `${title === '' ? '' : `${title}: `}${columns.join('; ')}.`;
  });
  const runs = sum(panels.flatMap(({ groups }) => groups.flatMap(({ counts }) => Object.values(counts))));
  return `What became of ${counted(runs, 'run')} by ${xAxis}. ${told.join(' ')}`;
}
