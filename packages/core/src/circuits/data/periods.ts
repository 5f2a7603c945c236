// The periods at which a model is looked at: which there are, and how many are enough.

import { ArgumentError } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import { drawnVocabulary, firstDrawn, guessingLoss, type Vocabulary } from '../../model/startToken.ts';
import { checkConfig } from '../checks.ts';
import { analysedLength, longestDistinctPeriod, TooSmallError } from '../lengths.ts';

/** Shortest context with a repeat that can be told: two copies of a block of two. */
export const SHORTEST_CONTEXT = 4;

/**
 * Shortest block of a scan where a longer one fits: with two tokens the current and the next one are each other's neighbours
 * on both sides.
 */
const SHORTEST_PERIOD = 3;

/** Fewest tokens that can be drawn: a block of three different ones. */
const FEWEST_TOKENS = 3;

/** At most so many periods are scanned; longer contexts are scanned at evenly spread ones. */
const MOST_PERIODS = 57;

/**
 * The periods of the scan: every one from 8 to half the context, and none longer than the vocabulary, so that all tokens
 * of a block can differ. In a short context or a small vocabulary it starts lower, so that about eight remain; in a long
 * one 57 are taken, evenly spread. None where two copies of a block of two do not fit.
 */
export function periodsThatFit(config: ModelConfig): number[] {
  const longest = longestDistinctPeriod(config);
  const shortest = Math.max(Math.min(SHORTEST_PERIOD, longest), 2, Math.min(8, longest - 7));
  const all = Array.from({ length: Math.max(0, longest - shortest + 1) }, (_, i) => shortest + i);
  return spread(all, MOST_PERIODS);
}

/** The same for what needs one. Throws a TooSmallError when the context has no room for two copies, or the vocabulary no block. */
export function scannedPeriods(config: ModelConfig, caller = 'audit'): number[] {
  checkConfig(caller, config);
  checkVocabulary(caller, config);
  const start = firstDrawn(config);
  const behind = config.opening ? ` behind ${start} others` : ' behind the start token';
  for (const [length, why] of [
    [config.nCtx, `a context of ${config.nCtx - start}${start > 0 ? behind : ''} has no room for a repeat`],
    [
      analysedLength(config),
      `memory holds the patterns and gradients of at most ${analysedLength(config)} tokens of this model`,
    ],
  ] as const)
    if (length - start < SHORTEST_CONTEXT)
      throw new TooSmallError(`${caller}: ${why}; it takes at least ${SHORTEST_CONTEXT} tokens.`);
  return periodsThatFit(config);
}

/** Throws a TooSmallError unless a block of three different tokens can be drawn. */
export function checkVocabulary(caller: string, config: ModelConfig): void {
  const left = drawnVocabulary(config);
  if (left >= FEWEST_TOKENS) return;
  const beside = left === config.dVocab ? '' : ' beside what is never drawn';
  throw new TooSmallError(
    `${caller}: a vocabulary of ${left}${beside} is too small to probe; a block takes at least ${FEWEST_TOKENS} different tokens.`,
  );
}

/** A period is solved when the mean lossRepeat on it is below this, in nats: half of what guessing costs, ln V. */
export const solvedBelow = (config: Vocabulary): number => guessingLoss(config) / 2;

/** At most `most` of the values, evenly spread, the ends included; the last one where one is asked for. */
export function spread<T>(values: readonly T[], most: number): T[] {
  if (!(most >= 1)) throw new ArgumentError(`spread: most must be at least 1, got ${most}.`);
  if (values.length <= most) return [...values];
  const count = Math.floor(most);
  if (count === 1) return [values.at(-1) as T];
  return Array.from({ length: count }, (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))] as T);
}
