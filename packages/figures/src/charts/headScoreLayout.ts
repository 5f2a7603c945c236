import { textWidth } from '../frame/text.ts';

/** One head's scores: mean shares of attention, 0 to 1. */
export interface HeadScoreBars {
  /** "L0H1": layer 0, head 1. */
  readonly label: string;
  /** Its previous-token score, share of attention. */
  readonly previousToken: number;
  /** Lower and upper end. */
  readonly previousTokenInterval?: readonly [number, number];
  /** Its induction score, share of attention. */
  readonly induction: number;
  /** Lower and upper end. */
  readonly inductionInterval?: readonly [number, number];
  /** The same stripe on sequences without a repeat: what a head that attends by position alone would keep. */
  readonly inductionControl?: number;
  /** By the record's `detector`. */
  readonly detected?: number;
  /** Lower and upper end. */
  readonly detectedInterval?: readonly [number, number];
  /** The same queries and keys where nothing repeats. */
  readonly detectedControl?: number;
}

export type ScoreName = 'previousToken' | 'induction' | 'inductionControl' | 'detected' | 'detectedControl';

/** A bar from 0 to `value`; x in figure pixels. */
export interface Bar {
  readonly score: ScoreName;
  readonly value: number;
  readonly x1: number;
  readonly x2: number;
  readonly centre: number;
  readonly interval?: readonly [number, number];
}

/** A head's share of the axis and its bars. */
export interface HeadSlot {
  readonly label: string;
  /** The head's number alone, for axes where layers are named once. */
  readonly short: string;
  readonly x1: number;
  readonly x2: number;
  readonly bars: Bar[];
}

/** Places of all heads, and of the layers where every label has the form L0H1. */
export interface HeadLayout {
  readonly heads: HeadSlot[];
  readonly layers: { readonly layer: number; readonly x1: number; readonly x2: number }[];
  /** Whether whole labels fit below their head. */
  readonly full: boolean;
}

const widestHead = 110;
const widestBar = 30;
/** A head's share of the axis below which its bars cannot be told apart: fewer heads then stand in a row. */
const leastHead = 10;
/** A gap between layers, as a part of a head's share. */
const layerGap = 0.7;

const layerNumber = ({ label }: HeadScoreBars): number | undefined => {
  const found = /^L(\d+)H\d+$/.exec(label);
  return found ? Number(found[1]) : undefined;
};

/** What a row of heads takes, in shares of a head. */
export const rowLength = (heads: readonly HeadScoreBars[]): number =>
  heads.length + layerGap * heads.filter((head, i) => i > 0 && layerNumber(head) !== layerNumber(heads[i - 1]!)).length;

/** Divides heads among rows of this width: whole layers where they fit, every row within what can be told apart. */
export function rowsOfHeads(heads: readonly HeadScoreBars[], width: number): HeadScoreBars[][] {
  const most = Math.max(1, Math.floor(width / leastHead));
  const layers: HeadScoreBars[][] = [];
  for (const head of heads) {
    const last = layers.at(-1);
    const same = last !== undefined && layerNumber(last[0]!) === layerNumber(head) && last.length < most;
    if (same) last.push(head);
    else layers.push([head]);
  }
  const rows: HeadScoreBars[][] = [];
  for (const layer of layers) {
    const last = rows.at(-1);
    if (last && rowLength([...last, ...layer]) <= most) last.push(...layer);
    else rows.push([...layer]);
  }
  return rows;
}

/** Divides the axis among heads, with a gap between layers, and a head's share among its bars. */
export function layoutHeads(
  heads: readonly HeadScoreBars[],
  [left, right]: readonly [number, number],
  /** Length of the longest of several rows, see `rowLength`: heads are as wide in all of them. */
  longest: number = rowLength(heads),
): HeadLayout {
  const names = heads.map(({ label }) => /^L(\d+)H(\d+)$/.exec(label));
  const layerOf = names.every((match) => match !== null) ? names.map((match) => Number(match[1])) : null;
  const share = Math.min(widestHead, (right - left) / longest);
  let x = left + (right - left - share * longest) / 2;
  const drawn = BARS.filter((score) => heads.some((head) => head[score] !== undefined));
  const layers: { layer: number; x1: number; x2: number }[] = [];
  const slots = heads.map((head, i): HeadSlot => {
    const layer = layerOf?.[i];
    if (i > 0 && layer !== layerOf?.[i - 1]) x += layerGap * share;
    const slot = {
      label: head.label,
      short: names[i]?.[2] ?? head.label,
      x1: x,
      x2: x + share,
      bars: barsOf(head, { left: x, share, drawn }),
    };
    const group = layers[layers.length - 1];
    if (group && group.layer === layer && i > 0 && layerOf?.[i - 1] === layer) group.x2 = slot.x2;
    else if (layer !== undefined) layers.push({ layer, x1: slot.x1, x2: slot.x2 });
    x += share;
    return slot;
  });
  return { heads: slots, layers, full: heads.every(({ label }) => textWidth(label, 12) + 4 <= share) };
}

/** In the order in which a head has them. */
const BARS = ['previousToken', 'induction', 'inductionControl', 'detected', 'detectedControl'] as const;

/** Every head has room for all that is drawn of any. */
function barsOf(
  head: HeadScoreBars,
  { left, share, drawn }: { left: number; share: number; drawn: readonly ScoreName[] },
): Bar[] {
  const count = drawn.length;
  const gap = share > 40 ? 2 : share > 20 ? 1 : 0.5;
  const width = Math.min(widestBar, (share * 0.82 - gap * (count - 1)) / count);
  const start = left + (share - count * width - gap * (count - 1)) / 2;
  const intervals: Partial<Record<ScoreName, readonly [number, number] | undefined>> = {
    previousToken: head.previousTokenInterval,
    induction: head.inductionInterval,
    detected: head.detectedInterval,
  };
  return drawn.flatMap((score, index): Bar[] => {
    const value = head[score];
    if (value === undefined) return [];
    const x1 = start + index * (width + gap);
    const interval = intervals[score];
    return [{ score, value, x1, x2: x1 + width, centre: x1 + width / 2, ...(interval ? { interval } : {}) }];
  });
}
