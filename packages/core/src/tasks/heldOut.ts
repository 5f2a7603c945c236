// What a task never draws, so that it can be asked of the trained model afterwards.
import { listed } from '../errors/names.ts';
import type { RandomStream } from '../random/randomStream.ts';
import { type TaskField, whole } from './task.ts';

export interface HeldOutTokens {
  /** Tokens that are never drawn. */
  readonly heldOutTokens?: readonly number[];
}

export const heldOutTokensField: TaskField = { value: { is: 'list', of: whole(0) }, optional: true };

/**
 * How many tokens are left to draw.
 * @param options Which tokens may be drawn.
 * @param options.asked The tokens asked for: then no other is drawn.
 */
export const drawnTokens = ({ heldOutTokens = [] }: HeldOutTokens, dVocab: number): number =>
  dVocab - heldOutTokens.length;

/** Turns what was drawn from so many tokens as there are left into those tokens. */
export function leaveOutTokens(tokens: Int32Array, { heldOutTokens = [] }: HeldOutTokens, dVocab: number): void {
  if (heldOutTokens.length === 0) return;
  const heldOut = new Set(heldOutTokens);
  const left = Array.from({ length: dVocab }, (_, token) => token).filter((token) => !heldOut.has(token));
  for (let t = 0; t < tokens.length; t++) tokens[t] = left[tokens[t]!]!;
}

/** Draws one of `count` values from 0 on, never one of those held out. */
export function drawBelow(count: number, heldOut: readonly number[], random: RandomStream): number {
  if (heldOut.length === 0) return random.below(count);
  const left = Array.from({ length: count }, (_, i) => i).filter((i) => !heldOut.includes(i));
  return left[random.below(left.length)]!;
}

/** A range that values may be held out of: from … to, each a `noun`; `of` is what the whole is called. */
interface HeldOutRange {
  readonly from: number;
  readonly to: number;
  readonly noun: string;
  readonly of: string;
}

/** What is wrong with a list of values held out; null for nothing. */
export function heldOutComplaint(
  field: string,
  heldOut: readonly number[],
  { from, to, noun, of }: HeldOutRange,
): string | null {
  const outside = heldOut.filter((value) => value < from || value > to);
  if (outside.length > 0)
    return `${field} names ${listed(outside.map(String))}, outside of ${of} (${from} to ${to}); hold out ${noun}s of that range, or none.`;
  const twice = heldOut.find((value, i) => heldOut.indexOf(value) < i);
  if (twice !== undefined) return `${field} names ${twice} twice; leave one of them out.`;
  return heldOut.length === to - from + 1 ? `${field} leaves no ${noun} of ${of} to train on; hold fewer out.` : null;
}

/** The same for tokens. */
export const tokensComplaint = ({ heldOutTokens = [] }: HeldOutTokens, dVocab: number): string | null =>
  heldOutComplaint('task.heldOutTokens', heldOutTokens, {
    from: 0,
    to: dVocab - 1,
    noun: 'token',
    of: 'the vocabulary',
  });
