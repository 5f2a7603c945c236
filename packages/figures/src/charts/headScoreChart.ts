import { checkDistinct, checkInterval, checkNotEmpty, checkShare } from '../frame/checks.ts';
import { beginFigure, drawKey, type FigureOptions, finishFigure } from '../frame/figureFrame.ts';
import { counted, formatShare } from '../frame/text.ts';
import { drawAxisName } from '../marks/axes.ts';
import { drawEndLabels } from '../marks/endLabels.ts';
import { rightOf } from '../marks/valuePlot.ts';
import { drawHeadAxis } from './headAxis.ts';
import { drawHeadBars, drawTopValues, headBarsKey, TOPS } from './headBars.ts';
import { type HeadScoreBars, layoutHeads, rowLength, rowsOfHeads, type ScoreName } from './headScoreLayout.ts';

/** What `headScoreChart` draws. */
export interface HeadScoreRecord {
  /** In the order to draw, layer by layer; at least one. */
  readonly heads: readonly HeadScoreBars[];
  /** Each score under uniform attention. */
  readonly chance: {
    readonly previousToken: number;
    readonly induction: number;
  };
  /** The figure’s title. */
  readonly title: string;
  /** One more score: its name, and what uniform attention scores. Every head then has `detected`. */
  readonly detector?: {
    readonly name: string;
    readonly chance: number;
  };
  /** Names the induction score in the key, with its definition; default "induction score (stripe)". */
  readonly inductionLabel?: string;
  /** Says in the key what the whiskers are, such as "95 % interval over 200 sequences"; default "interval". */
  readonly intervalLabel?: string;
}

const where = 'headScoreChart';
const plotHeight = 250;
/** Where heads take several rows. */
const rowHeight = 150;
const marginLeft = 40;

/**
 * Draws two bars per head, previous-token and induction score (share of attention, axis 0 to 1), layer by layer, with whiskers for
 * intervals, a dashed line at each score's chance level, and the value over the highest bar of each score. Where `inductionControl` is
 * given, a hollow bar beside the induction bar shows the same stripe on sequences without a repeat: a head whose hollow bar is as high
 * as its full one attends by position, not by content. A `detector` adds one more bar a head, and its control. More heads than can be told apart in the width go on in further rows, whole
 * layers together where they fit.
 *
 * Throws if there are no heads, if a label comes twice, or if a score or interval end is not a share from 0 to 1.
 * @example
 * ```ts
 * import { headScoreChart, nodeDocument } from '@induction-lab/figures/node';
 *
 * const svg = headScoreChart(
 *   {
 *     title: 'One head',
 *     heads: [{ label: 'L1H0', previousToken: 0.05, induction: 0.97, inductionControl: 0.04 }],
 *     chance: { previousToken: 0.07, induction: 0.03 },
 *   },
 *   { document: nodeDocument(), theme: 'light' },
 * );
 * console.log(svg.startsWith('<svg'));
 * ```
 */
export function headScoreChart(record: HeadScoreRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { heads, chance, title, detector } = record;
  const frame = beginFigure(where, { title, description: describe(record) }, options);
  const { palette } = frame;
  const colours: Record<ScoreName, string> = {
    previousToken: palette.orange,
    induction: palette.blue,
    inductionControl: palette.blue,
    detected: palette.purple,
    detectedControl: palette.purple,
  };
  drawKey(frame, headBarsKey(frame, heads, record));

  const chanceLabels = [
    { text: `chance ${formatShare(chance.previousToken)}`, colour: palette.orange, value: chance.previousToken },
    { text: `chance ${formatShare(chance.induction)}`, colour: palette.blue, value: chance.induction },
    ...(detector
      ? [{ text: `chance ${formatShare(detector.chance)}`, colour: palette.purple, value: detector.chance }]
      : []),
  ];
  const right = rightOf(frame, chanceLabels);
  drawAxisName(frame, 'share of attention');
  const room: [number, number] = [marginLeft + 6, right - 6];
  const rows = rowsOfHeads(heads, room[1] - room[0]);
  const longest = Math.max(...rows.map(rowLength));
  const height = rows.length === 1 ? plotHeight : rowHeight;
  const tops = new Set(
    TOPS.filter((score) => score !== 'detected' || detector).map((score) => `${score} ${topHead(heads, score).label}`),
  );
  let foot = frame.top;
  for (const row of rows) {
    const layout = layoutHeads(row, room, longest);
    const top = foot + (foot === frame.top ? 34 : 24);
    const box = { left: marginLeft, right, top, foot: top + height };
    const y = drawHeadBars(frame, layout, { box, chances: chanceLabels, colours });
    drawTopValues(frame, layout.heads, { y, colours, tops });
    foot = drawHeadAxis(frame, layout, box.foot);
    drawEndLabels(frame, chanceLabels, { box, y, inset: [4, 2] });
  }
  return finishFigure(frame, foot + 14);
}

function checkRecord({ heads, chance, detector }: HeadScoreRecord): void {
  checkNotEmpty(where, 'heads', heads, 'pass at least one { label, previousToken, induction }');
  checkShare(where, 'chance.previousToken', chance.previousToken);
  checkShare(where, 'chance.induction', chance.induction);
  if (detector) checkShare(where, 'detector.chance', detector.chance);
  checkDistinct(
    where,
    heads.map(({ label }) => `head ${label}`),
    'pass each head once',
  );
  for (const head of heads) {
    const { label } = head;
    checkShare(where, `previousToken of head ${label}`, head.previousToken);
    checkShare(where, `induction of head ${label}`, head.induction);
    if (head.inductionControl !== undefined)
      checkShare(where, `inductionControl of head ${label}`, head.inductionControl);
    if (detector) checkShare(where, `detected of head ${label}`, head.detected as number);
    if (head.detectedControl !== undefined) checkShare(where, `detectedControl of head ${label}`, head.detectedControl);
    for (const name of ['previousTokenInterval', 'inductionInterval', 'detectedInterval'] as const) {
      const interval = head[name];
      if (interval === undefined) continue;
      checkInterval(where, `${name} of head ${label}`, interval);
      for (const end of interval) checkShare(where, `an end of ${name} of head ${label}`, end);
    }
  }
}

function topHead(heads: readonly HeadScoreBars[], score: (typeof TOPS)[number]): HeadScoreBars {
  return heads.reduce((best, head) => (head[score]! > best[score]! ? head : best));
}

function describe({ heads, chance, detector }: HeadScoreRecord): string {
  const previous = topHead(heads, 'previousToken');
  const induction = topHead(heads, 'induction');
  const control =
    induction.inductionControl === undefined
      ? ''
      : `, and ${formatShare(induction.inductionControl)} on sequences without a repeat`;
  return (
    `Scores of ${counted(heads.length, 'head')}. Highest previous-token score: ${previous.label} with ` +
    `${formatShare(previous.previousToken)} (chance ${formatShare(chance.previousToken)}). Highest induction score: ${induction.label} ` +
    `with ${formatShare(induction.induction)} (chance ${formatShare(chance.induction)})${control}.` +
    (detector ? describeDetected(heads, detector) : '')
  );
}

function describeDetected(heads: readonly HeadScoreBars[], { name, chance }: { name: string; chance: number }): string {
  const { label, detected, detectedControl } = topHead(heads, 'detected');
  const control =
    detectedControl === undefined ? '' : `, and ${formatShare(detectedControl)} on sequences without a repeat`;
  return ` Highest score of "${name}": ${label} with ${formatShare(detected!)} (chance ${formatShare(chance)})${control}.`;
}
