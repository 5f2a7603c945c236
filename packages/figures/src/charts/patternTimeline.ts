import { checkAscending, checkDistinct, checkNotEmpty, checkPattern, checkWhole } from '../frame/checks.ts';
import { drawText, type FigureOptions, type Frame, finishFigure } from '../frame/figureFrame.ts';
import { counted, formatCount, formatShare, textWidth } from '../frame/text.ts';
import { beginPatternFigure, left, namedHead, nameKeys, nameQueries, right } from './patternFigure.ts';
import { checkStripe, drawPatternPanel, type Stripe, stripeMean } from './patternPanel.ts';

/** A head to follow. */
export interface TimelineHead {
  /** "L0H1": layer 0, head 1. */
  readonly label: string;
  /** What the head was found to be. */
  readonly mark?: string;
  /** The head's own stripe in place of the record's; null for none. */
  readonly stripe?: Stripe | null;
}

/** What `patternTimeline` draws. */
export interface PatternTimelineRecord {
  /** The figure’s title. */
  readonly title: string;
  /** Positions in the sequence, the same at every step. */
  readonly size: number;
  /** The heads to follow, in the order to draw, at least one. */
  readonly heads: readonly TimelineHead[];
  /** Optimiser steps done at each checkpoint, ascending. */
  readonly steps: readonly number[];
  /** Attention patterns, [head][step], each of shape [queryPos, keyPos], row-major, after softmax, future keys 0. */
  readonly patterns: readonly (readonly ArrayLike<number>[])[];
  /** Where weight is expected in the end, for heads that have no stripe of their own; its mean weight is written into each panel. */
  readonly stripe?: Stripe;
}

const where = 'patternTimeline';
const headingHeight = 20;
const leastSide = 54;
const widestSide = 170;

/**
 * Draws the attention patterns of chosen heads at checkpoints of training: a row per head, a column per step, on the colour scale of
 * `patternGrid`. Where the width holds too few columns, the steps go on in a further block of rows. With a stripe, its mean weight is
 * written into the masked corner of each panel. Each `<image class="pattern">` carries `data-head` and `data-step` (and `data-stripe`, the
 * mean weight on the stripe).
 *
 * Throws as `patternGrid` does, if steps do not ascend, if a head comes twice, or if there is not one pattern per head and step.
 */
export function patternTimeline(record: PatternTimelineRecord, options: FigureOptions = {}): string {
  checkRecord(record);
  const { steps, size, title } = record;
  const { frame, heads } = beginPatternFigure(
    where,
    {
      title,
      description: describe(record),
      heads: record.heads,
      size,
      panelsEach: steps.length,
      drawn: 'the first ones in the order given',
      stripes: (drawn) => drawn.map((head) => stripeOf(record, head)).filter((stripe) => stripe !== null),
      note: 'number in a panel: mean weight on the stripe',
    },
    options,
  );
  // The last tick of a panel and the first of the next stand beside each other.
  const gap = 8 + textWidth(String(size - 1), 10);
  const room = frame.width - left - right;
  const fitting = Math.max(1, Math.floor((room + gap) / (leastSide + gap)));
  const columns = Math.ceil(steps.length / Math.ceil(steps.length / fitting));
  const side = Math.min(widestSide, (room - gap * (columns - 1)) / columns);
  for (let start = 0; start < steps.length; start += columns) {
    if (start > 0) frame.top += 14;
    const block = steps.slice(start, start + columns).map((_, i) => start + i);
    drawStepNames(frame, record, { block, side, gap });
    heads.forEach((_, head) => {
      drawHeadRow(frame, record, { head, block, side, gap, bottom: head === heads.length - 1 });
    });
  }
  return finishFigure(frame, frame.top + 4);
}

interface Block {
  /** Indices of the steps in a block of rows. */
  readonly block: readonly number[];
  readonly side: number;
  readonly gap: number;
}

function stripeOf(record: PatternTimelineRecord, { stripe }: TimelineHead): Stripe | null {
  return stripe === undefined ? (record.stripe ?? null) : stripe;
}

function drawStepNames(frame: Frame, { steps }: PatternTimelineRecord, { block, side, gap }: Block): void {
  const long = steps.every((step) => textWidth(`step ${formatCount(step)}`, 12) <= side + gap - 4);
  if (!long) drawText(frame, 'step', { x: left - 8, y: frame.top + 12, anchor: 'end', colour: frame.palette.muted });
  block.forEach((i, column) => {
    const text = `${long ? 'step ' : ''}${formatCount(steps[i]!)}`;
    const x = left + column * (side + gap) + side / 2;
    drawText(frame, text, { x, y: frame.top + 12, anchor: 'middle', colour: frame.palette.muted });
  });
  frame.top += 20;
}

/** Draws one head's patterns at the steps of a block, under its name, and moves `frame.top` below them. */
function drawHeadRow(
  frame: Frame,
  record: PatternTimelineRecord,
  { head, block, side, gap, bottom }: Block & { head: number; bottom: boolean },
): void {
  const { heads, steps, size, patterns } = record;
  const stripe = stripeOf(record, heads[head]!);
  const { label, mark } = heads[head]!;
  const y = frame.top + headingHeight;
  drawText(frame, label, { x: left, y: y - 7, weight: 600 });
  if (mark) drawText(frame, mark, { x: left + textWidth(label, 12, true) + 8, y: y - 7 });
  block.forEach((step, column) => {
    const pattern = patterns[head]![step]!;
    const x = left + column * (side + gap);
    const mean = stripe ? stripeMean(pattern, size, stripe) : null;
    drawPatternPanel(frame, {
      x,
      y,
      side,
      pattern,
      size,
      stripe,
      marked: false,
      ticks: { left: column === 0, bottom },
      data: {
        'data-head': label,
        'data-step': steps[step]!,
        ...(mean === null ? {} : { 'data-stripe': Number(mean.toPrecision(6)) }),
      },
    });
    // The future is empty, so the upper right corner is free for text.
    if (mean !== null) drawText(frame, formatShare(mean), { x: x + side - 4, y: y + 13, size: 11, anchor: 'end' });
  });
  nameQueries(frame, { y, side, size: side < 90 ? 10 : 12 });
  frame.top = y + side + 8;
  if (!bottom) return;
  const middle = left + (block.length * (side + gap) - gap) / 2;
  nameKeys(frame, { centre: middle, foot: y + side });
  frame.top = y + side + 38;
}

function checkRecord({ heads, steps, size, patterns, stripe: shared }: PatternTimelineRecord): void {
  checkNotEmpty(where, 'heads', heads, 'pass at least one { label }');
  checkNotEmpty(where, 'steps', steps, 'pass the step of at least one checkpoint');
  checkWhole(where, 'size', size, 1);
  for (const step of steps) checkWhole(where, 'a step', step, 0);
  checkAscending(where, 'step', steps);
  if (patterns.length !== heads.length)
    throw new Error(`${where}: patterns has ${patterns.length} rows, heads has ${heads.length}; pass [head][step].`);
  checkDistinct(
    where,
    heads.map(({ label }) => `head ${label}`),
    'pass each head once',
  );
  heads.forEach(({ label }, head) => {
    const own = patterns[head]!;
    if (own.length !== steps.length) {
      throw new Error(
        `${where}: head ${label} has ${own.length} patterns, there are ${steps.length} steps; pass one pattern per step.`,
      );
    }
    own.forEach((pattern, i) => {
      checkPattern(where, `${label} at step ${steps[i]}`, pattern, size);
    });
  });
  for (const head of heads) {
    const stripe = head.stripe === undefined ? shared : head.stripe;
    if (stripe) checkStripe(where, stripe, size);
  }
}

function describe(record: PatternTimelineRecord): string {
  const { heads, steps, size, patterns } = record;
  const names = heads.map((head, index) => {
    const stripe = stripeOf(record, head);
    if (!stripe) return namedHead(head);
    const means = patterns[index]!.map(
      (pattern, i) => `${formatShare(stripeMean(pattern, size, stripe))} at step ${formatCount(steps[i]!)}`,
    );
    return `${namedHead(head)} ${means.join(', ')}`;
  });
  const last = formatCount(steps[steps.length - 1]!);
  const measured = heads.some((head) => stripeOf(record, head)) ? 'Mean weight on the expected stripe' : 'Heads';
  return (
    `Attention patterns over ${size} positions at ${counted(steps.length, 'checkpoint')} up to step ${last}, ` +
    `query position down, key position across. ${measured}: ${names.join('; ')}.`
  );
}
