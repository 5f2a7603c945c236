import { checkAscending, checkDomain, checkFinite, checkNotEmpty, checkWhole } from '../frame/checks.ts';
import { beginFigure, drawKey, type FigureOptions, type Frame, finishFigure } from '../frame/figureFrame.ts';
import { svgElement } from '../frame/svg.ts';
import { counted, decimalsFor, formatCount, formatNumber, textWidth } from '../frame/text.ts';
import { drawStepAxis } from '../marks/axes.ts';
import { endLabelMargin } from '../marks/endLabels.ts';
import { rightOf } from '../marks/valuePlot.ts';
import { drawMarks, placeMarks } from '../marks/verticalMarks.ts';
import { stepAxis } from '../scales/stepAxis.ts';
import { type DynamicsLine, lineKey, lineStyles, strongLines } from './dynamicsLines.ts';
import { type DynamicsPanel, drawPanel, drawPanelHeading, type PreparedPanel, preparePanel } from './dynamicsPanel.ts';

/** What `dynamicsChart` draws. */
export interface DynamicsRecord {
  /** The figure’s title. */
  readonly title: string;
  /** From the top down, at least one. */
  readonly panels: readonly DynamicsPanel[];
  /** Steps worth pointing at, in all panels. */
  readonly events: readonly { readonly step: number; readonly label: string }[];
  /** Default 'linear'. */
  readonly xScale?: 'linear' | 'log';
}

const where = 'dynamicsChart';
const padding = 16;
const leastPanelHeight = 120;

/**
 * Draws how several quantities move in training: panels stacked above each other on one axis of training steps, with dashed lines through
 * all of them at events. Emphasised lines are strong and named at their right end with their last value; a line of the same label has the
 * same colour in every panel. Where names would take too much of the width they stand in the key instead, and dashes tell lines apart too.
 *
 * Each line is a `<path class="line">` with `data-panel` (its index), `data-label` and `data-last`; each event a line with `data-event` and
 * `data-step`. Stretches of 440 points or more are thinned to 220 means; a pale band shows the range that a strong line's means hide.
 *
 * Of very many lines in a panel those that end highest are drawn, and the key says how many are left out.
 *
 * Throws if there are no panels, if a panel has no lines, if a line has not one value per step or no finite one, if steps do not ascend, or
 * if a value is infinite.
 */
export function dynamicsChart(record: DynamicsRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { panels, events, title } = record;
  const steps = new Set(panels.flatMap(({ lines }) => lines.flatMap((line) => line.steps)));
  const axis = stepAxis(
    [...steps].sort((a, b) => a - b),
    record.xScale ?? 'linear',
  );
  const frame = beginFigure(where, { title, description: describe(record) }, options);
  const prepareAll = (named: boolean) => {
    const styles = lineStyles(panels, { palette: frame.palette, named });
    return {
      styles,
      prepared: panels.map((panel) => preparePanel(frame, panel, { styles, place: axis.place, named })),
    };
  };
  const full = prepareAll(true);
  // More than a third of the width for names would leave too little for the curves.
  const named = endLabelMargin(full.prepared.flatMap(({ labels }) => labels)) <= 0.34 * frame.width;
  const { styles, prepared } = named ? full : prepareAll(false);
  drawKey(frame, [
    ...(named ? [] : [...styles].map(([label, style]) => lineKey(frame, label, style))),
    ...faintKey(frame, prepared),
  ]);

  const tickWidths = prepared.flatMap(({ scale }) => scale.ticks.map((tick) => textWidth(scale.format(tick), 12)));
  const left = padding + 10 + Math.max(...tickWidths);
  const right = rightOf(
    frame,
    prepared.flatMap(({ labels }) => labels),
  );
  const x = (step: number) => left + axis.fraction(step) * (right - left);
  const marks = placeMarks(
    events.map(({ step, label }) => ({ x: x(step), label, data: { 'data-event': label, 'data-step': step } })),
    [left, right],
  );
  const eventTop = frame.top;
  // Events run below all panels, whose places are known only when they are drawn.
  const below: Frame = { ...frame, root: svgElement(frame.document, 'g') };
  frame.root.appendChild(below.root);
  let y = eventTop + marks.height;
  let foot = y;
  prepared.forEach((panel, index) => {
    const top = drawPanelHeading(frame, panel, { y, named });
    foot = top + Math.max(leastPanelHeight, panel.labels.length * 15 + 12);
    drawPanel(frame, panel, { box: { left, right, top, foot }, x, index });
    y = foot + 16;
  });
  drawMarks(below, marks, { top: eventTop, foot, dash: '4 4' });
  drawStepAxis(frame, axis, { left, right, foot });
  return finishFigure(frame, foot + 52);
}

function faintKey(frame: Frame, prepared: readonly PreparedPanel[]) {
  const faint = prepared.flatMap(({ curves }) => curves.filter(({ style }) => !style));
  if (faint.length === 0) return [];
  const heads = faint.every(({ label }) => /^L\d+H\d+$/.test(label));
  const left = Math.max(...prepared.map(({ panel, curves }) => panel.lines.length - curves.length));
  const text = `other ${heads ? 'heads' : 'lines'}${left > 0 ? ` (those that end highest; ${formatCount(left)} more are left out)` : ''}`;
  return [lineKey(frame, text, null)];
}

function checkRecord({ panels, events }: DynamicsRecord): void {
  checkNotEmpty(where, 'panels', panels, 'pass at least one { title, unit, lines }');
  for (const { title, lines, domain, reference } of panels) {
    checkNotEmpty(where, `lines of panel "${title}"`, lines, 'pass at least one { label, steps, values }');
    for (const line of lines) checkLine(line, title);
    if (domain) checkDomain(where, `domain of panel "${title}"`, domain);
    if (reference) checkFinite(where, `reference "${reference.label}"`, reference.value);
  }
  for (const { step, label } of events) checkFinite(where, `the step of event "${label}"`, step);
}

function checkLine({ label, steps, values }: DynamicsLine, title: string): void {
  const name = `line "${label}" of panel "${title}"`;
  if (steps.length !== values.length)
    throw new Error(
      `${where}: ${name} has ${values.length} values for ${steps.length} steps; pass one per step, NaN for none.`,
    );
  for (const step of steps) checkWhole(where, `a step of ${name}`, step, 0);
  checkAscending(where, 'step', steps);
  const list = Array.from(values);
  list.forEach((value, i) => {
    if (!Number.isNaN(value)) checkFinite(where, `the value of ${name} at step ${steps[i]}`, value);
  });
  if (!list.some(Number.isFinite)) throw new Error(`${where}: ${name} has no finite value; leave the line out.`);
}

function describe({ panels, events }: DynamicsRecord): string {
  const texts = panels.map(({ title, unit, lines, reference }) => {
    const strong = strongLines(lines);
    const decimals = decimalsFor(
      Math.max(...strong.flatMap((line) => Array.from(line.values, (v) => Math.abs(v) || 0))),
    );
    const told = strong.map(({ label, values }) => {
      const present = Array.from(values).filter(Number.isFinite);
      const [first, last] = [present[0]!, present[present.length - 1]!].map((v) => formatNumber(v, decimals));
      return `${label} from ${first} to ${last}`;
    });
    const faint = lines.length - strong.length;
    const others = faint > 0 ? `; ${counted(faint, 'other line')}` : '';
    return `${title} (${unit}): ${told.join(', ')}${others}${reference ? `; reference line: ${reference.label}` : ''}.`;
  });
  const last = Math.max(...panels.flatMap(({ lines }) => lines.map((line) => line.steps[line.steps.length - 1]!)));
  const marks = events.map(({ step, label }) => `${label} at step ${formatCount(step)}`);
  return `Training up to step ${formatCount(last)}. ${texts.join(' ')}${marks.length > 0 ? ` Events: ${marks.join('; ')}.` : ''}`;
}
