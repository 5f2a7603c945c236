// The periods at which a model is looked at: which there are, and how many are enough.

import { ArgumentError } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import { drawnVocabulary, firstDrawn, guessingLoss, type Vocabulary } from '../../model/startToken.ts';
import { checkConfig } from '../checks.ts';
import { analysedLength, longestDistinctPeriod, TooSmallError } from '../lengths.ts';

/** Shortest context that can be audited: two copies of the shortest blocks of the scan, and four of the shortest there is. */
export const SHORTEST_CONTEXT = 8;

/** Shortest block of a scan: with two tokens the current and the next one are each other's neighbours on both sides. */
const SHORTEST_PERIOD = 3;

/** At most so many periods are scanned; longer contexts are scanned at evenly spread ones. */
const MOST_PERIODS = 57;

/**
 * The periods of the scan: every one from 8 to half the context, and none longer than the vocabulary, so that all tokens
 * of a block can differ. In a short context or a small vocabulary it starts lower, so that about eight remain; in a long
 * one 57 are taken, evenly spread. Throws a TooSmallError when the context is too short to tell a period from its
 * neighbours, or the vocabulary has no block of three different tokens.
 */
export function scannedPeriods(config: ModelConfig, caller = 'audit'): number[] {
  checkConfig(caller, config);
  const { nCtx } = config;
  const dVocab = drawnVocabulary(config);
  const start = firstDrawn(config);
  const behind = start > 0 ? ' behind the start token' : '';
  if (nCtx - start < SHORTEST_CONTEXT)
    throw new TooSmallError(
      `${caller}: a context of ${nCtx - start}${behind} is too short for repeats at different periods; it takes at least ${SHORTEST_CONTEXT}.`,
    );
  if (analysedLength(config) - start < SHORTEST_CONTEXT)
    throw new TooSmallError(
      `${caller}: memory holds the patterns and gradients of at most ${analysedLength(config)} tokens of this model, and it takes at least ${SHORTEST_CONTEXT}; use a smaller model.`,
    );
  if (dVocab < SHORTEST_PERIOD)
    throw new TooSmallError(
      `${caller}: a vocabulary of ${dVocab}${start > 0 ? ' beside the start token' : ''} is too small to probe; a block takes at least ${SHORTEST_PERIOD} different tokens.`,
    );
  const longest = longestDistinctPeriod(config);
  const shortest = Math.max(SHORTEST_PERIOD, Math.min(8, longest - 7));
  const all = Array.from({ length: longest - shortest + 1 }, (_, i) => shortest + i);
  return spread(all, MOST_PERIODS);
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
