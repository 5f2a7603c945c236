import { drawPlatedText, type Frame } from '../frame/figureFrame.ts';
import { decimalsFor, formatNumber, textWidth, wrapText } from '../frame/text.ts';
import { drawLevel, drawValueAxis, type PlotBox } from '../marks/axes.ts';
import { drawEndLabels, type EndLabel } from '../marks/endLabels.ts';
import { linearScale, rangeWithZero, type ValueScale } from '../scales/valueScale.ts';
import {
  curveOf,
  type DynamicsCurve,
  type DynamicsLine,
  drawCurve,
  drawnLines,
  type LineStyle,
  strongLines,
} from './dynamicsLines.ts';

/** Lines that share a vertical axis. */
export interface DynamicsPanel {
  /** What the panel shows. */
  readonly title: string;
  /** The values' unit, such as "nats per token" or "share of attention". */
  readonly unit: string;
  readonly lines: readonly DynamicsLine[];
  /** Ends of the vertical axis; by default the range of what is drawn, 0 included. */
  readonly domain?: readonly [low: number, high: number];
  /** A level worth comparing with, such as chance. */
  readonly reference?: {
    readonly value: number;
    readonly label: string;
  };
}

const padding = 16;

/** A panel made ready to draw. */
export interface PreparedPanel {
  readonly panel: DynamicsPanel;
  readonly scale: ValueScale;
  /** Faint ones first, so that strong ones cover them. */
  readonly curves: readonly DynamicsCurve[];
  readonly labels: readonly EndLabel[];
}

/** Thins a panel's curves, and chooses its scale and the names at their ends. */
export function preparePanel(
  { palette }: Frame,
  panel: DynamicsPanel,
  { styles, place, named }: { styles: ReadonlyMap<string, LineStyle>; place: (step: number) => number; named: boolean },
): PreparedPanel {
  const strong = new Set(strongLines(panel.lines));
  const curves = drawnLines(panel.lines).map((line) =>
    curveOf(line, strong.has(line) ? styles.get(line.label)! : null, place),
  );
  const drawn = curves.flatMap(({ stretches, style }) =>
    stretches.flatMap((stretch) => stretch.flatMap((b) => (style ? [b.low, b.high] : [b.mean]))),
  );
  const { reference } = panel;
  const scale = linearScale(panel.domain ?? rangeWithZero(reference ? [...drawn, reference.value] : drawn, 0.05), 5);
  const decimals = decimalsFor(Math.max(...scale.domain.map(Math.abs)));
  const labels = curves.flatMap(({ label, style, last }) => {
    const value = formatNumber(last, decimals);
    return style ? [{ text: named ? `${label} ${value}` : value, colour: style.colour, weight: 600, value: last }] : [];
  });
  const chance = reference && named ? [{ text: reference.label, colour: palette.muted, value: reference.value }] : [];
  const faintFirst = [...curves.filter(({ style }) => !style), ...curves.filter(({ style }) => style)];
  return { panel, scale, curves: faintFirst, labels: [...chance, ...labels] };
}

/** Writes a panel's title and unit above it, and its reference line's name where that has no room at the end; returns the panel's top. */
export function drawPanelHeading(
  frame: Frame,
  { panel }: PreparedPanel,
  { y, named }: { y: number; named: boolean },
): number {
  const { title, unit, reference } = panel;
  const width = frame.width - 2 * padding;
  const { muted } = frame.palette;
  const titleWidth = textWidth(title, 12, true);
  drawPlatedText(frame, title, { x: padding, y: y + 12, weight: 600 });
  const beside = titleWidth + 8 + textWidth(unit, 12) <= width;
  if (beside) drawPlatedText(frame, unit, { x: padding + titleWidth + 8, y: y + 12, colour: muted });
  const lines = [
    ...(beside ? [] : wrapText(unit, width, 12)),
    ...(reference && !named ? wrapText(`dashed: ${reference.label}`, width, 12) : []),
  ];
  lines.forEach((line, i) => {
    drawPlatedText(frame, line, { x: padding, y: y + 27 + 15 * i, colour: muted });
  });
  return y + 24 + 15 * lines.length;
}

/** Draws a panel's axis, curves and names into its box. */
export function drawPanel(
  frame: Frame,
  { panel, scale, curves, labels }: PreparedPanel,
  { box, x, index }: { box: PlotBox; x: (step: number) => number; index: number },
): void {
  const y = drawValueAxis(frame, box, scale);
  drawLevel(frame, box, { y: box.foot });
  if (panel.reference) drawLevel(frame, box, { y: y(panel.reference.value), dash: '5 4' });
  for (const curve of curves) drawCurve(frame, curve, { x, y, box, panel: index });
  // Ends beyond the panel's domain are named at its edge, where their lines run.
  drawEndLabels(frame, labels, { box, y: (value) => Math.max(box.top, Math.min(box.foot, y(value))), inset: [2, 4] });
}
