// Sequences of a random block that repeats: what the tasks `repeated` and `varied` share, and probes draw.
import type { RandomStream } from '../random/randomStream.ts';
import {
  drawBelow,
  drawnTokens,
  type HeldOutTokens,
  heldOutComplaint,
  heldOutTokensField,
  leaveOutTokens,
  tokensComplaint,
} from './heldOut.ts';
import type { Queries, Segment } from './segments.ts';
import { modelSize, type Sizes, type TaskField, type TaskSequences, whole } from './task.ts';

/** What every task of blocks has. */
export interface BlockFields extends HeldOutTokens {
  /** Tokens of a block are drawn without replacement. */
  readonly distinct: boolean;
  /** Up to so many random tokens before the block; how many is drawn for every sequence. */
  readonly maxPrefix: number;
  /** Starts of the block, 0 … maxPrefix, that are never drawn. */
  readonly heldOutStarts?: readonly number[];
}

export const blockFields: Readonly<Record<keyof BlockFields, TaskField>> = {
  distinct: { value: { is: 'flag' }, usual: false },
  maxPrefix: { value: whole(0), usual: 0 },
  heldOutStarts: { value: { is: 'list', of: whole(0) }, optional: true },
  heldOutTokens: heldOutTokensField,
};

/** Where the block lies in a sequence. `period` is 0 when nothing repeats. */
export interface BlockPlace {
  /** Position of its first token. */
  readonly start: number;
  /** Length of the block, in tokens. */
  readonly period: number;
}

/** A place behind so many other tokens. */
export const movedBlock = ({ start, period }: BlockPlace, by: number): BlockPlace => ({ start: start + by, period });

/** The parts of a sequence: only the repeat can be predicted, the boundary only by a model that knows the period. */
export const BLOCK_SEGMENTS: readonly Segment[] = [
  { name: 'first', title: 'first occurrence' },
  { name: 'boundary', title: 'boundary', single: true },
  { name: 'repeat', title: 'repeat', predictable: true },
];

/** The queries of a sequence of `length` tokens by part: [from, to), and the boundary query (−1 if it has no target). */
export function queryRanges(place: BlockPlace, length: number): QueryRanges {
  const { start, period } = place;
  if (period === 0) return { first: [0, length - 1], boundary: -1, repeat: [length - 1, length - 1] };
  const boundary = start + period - 1;
  return {
    first: [start, Math.min(boundary, length - 1)],
    boundary: boundary < length - 1 ? boundary : -1,
    repeat: [Math.min(boundary + 1, length - 1), length - 1],
  };
}

/** The queries of two or more copies of a block, by what can be known there. */
export interface QueryRanges {
  /** Queries of the first copy but its last, [from, to). */
  readonly first: readonly [number, number];
  /** The last query of the first copy. */
  readonly boundary: number;
  /** Queries of the later copies, [from, to). */
  readonly repeat: readonly [number, number];
}

/** The sequences of a task of blocks whose period is drawn by `period`. */
export function blockSequences(
  task: BlockFields,
  { dVocab, length }: Sizes,
  period: (random: RandomStream) => number,
): TaskSequences<BlockPlace> {
  const { distinct, maxPrefix, heldOutStarts = [] } = task;
  const tokensLeft = drawnTokens(task, dVocab);
  return {
    place(random) {
      const drawn = period(random);
      return { start: maxPrefix > 0 ? drawBelow(maxPrefix + 1, heldOutStarts, random) : 0, period: drawn };
    },
    fill(tokens, place, random) {
      fillTokens(tokens, place, { dVocab: tokensLeft, distinct }, random);
      leaveOutTokens(tokens, task, dVocab);
    },
    segments(place): Queries[] {
      const { first, boundary, repeat } = queryRanges(place, length);
      return [[first], boundary < 0 ? [] : [[boundary, boundary + 1]], [repeat]];
    },
    predictable: ({ start, period }) => [[start + period, length - 1]],
  };
}

/** What of a task of blocks, the longest of them `longest` tokens, cannot be run with these sizes. */
export function blockComplaint(task: BlockFields, longest: number, sizes: Sizes): string | null {
  const { dVocab, length } = sizes;
  const { maxPrefix, heldOutStarts, distinct } = task;
  const needed = longest + maxPrefix + 2;
  if (needed > length)
    return `task: a block of ${longest} tokens${maxPrefix ? ` after up to ${maxPrefix} others` : ''} needs a context of at least ${sizes.startToken ? needed + 1 : needed} for one repeated query; model.nCtx is ${modelSize(length, sizes)}.`;
  if (heldOutStarts !== undefined && maxPrefix === 0)
    return 'task.heldOutStarts has no effect, since task.maxPrefix is 0 and every block starts at 0; leave it out or raise maxPrefix.';
  return (
    heldOutComplaint('task.heldOutStarts', heldOutStarts ?? [], {
      from: 0,
      to: maxPrefix,
      noun: 'start',
      of: 'task.maxPrefix',
    }) ??
    tokensComplaint(task, dVocab) ??
    distinctComplaint({ distinct, needed: longest }, task, sizes)
  );
}

/** What is wrong where so many different tokens are needed. */
export function distinctComplaint(
  { distinct, needed }: { distinct: boolean; needed: number },
  task: HeldOutTokens,
  sizes: Sizes,
): string | null {
  const { dVocab } = sizes;
  const left = drawnTokens(task, dVocab);
  if (!distinct || needed <= left) return null;
  const heldOut = left < dVocab ? ` and ${dVocab - left} of them are held out` : '';
  return `task.distinct needs ${needed} different tokens; model.dVocab is ${modelSize(dVocab, sizes)}${heldOut}. Raise it or set distinct to false.`;
}

/** Fills `tokens` with a sequence whose block lies at `place`: random prefix, block, and the block again to the end. */
export function fillTokens(
  tokens: Int32Array,
  place: BlockPlace,
  options: { dVocab: number; distinct: boolean },
  random: RandomStream,
): void {
  const { start, period } = place;
  const length = tokens.length;
  const fresh = period === 0 ? length : Math.min(length, start + period);
  for (let t = 0; t < start; t++) tokens[t] = random.below(options.dVocab);
  const from = period === 0 ? 0 : start;
  if (options.distinct) drawDistinct(tokens.subarray(from, fresh), options.dVocab, random);
  else for (let t = from; t < fresh; t++) tokens[t] = random.below(options.dVocab);
  for (let t = fresh; t < length; t++) tokens[t] = tokens[t - period] as number;
}

/** Draws without replacement: the first steps of Fisher and Yates's shuffle, kept sparse. */
export function drawDistinct(out: Int32Array, below: number, random: RandomStream): void {
  const moved = new Map<number, number>();
  for (let i = 0; i < out.length; i++) {
    const j = i + random.below(below - i);
    out[i] = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
  }
}
